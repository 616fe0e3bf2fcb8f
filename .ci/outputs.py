#!/usr/bin/env python
"""nbdev's own test of the notebooks, which also compares what the cells print with what is committed

`python .ci/outputs.py` tests all of them, as nbdev_test does. A cell whose output differs from run to run, such as a
timing, carries the tag `varies`: it only has to print something."""
import difflib
import json
import os
import re
from itertools import zip_longest
from pathlib import Path

import nbdev.test

NUMBER = re.compile(r'([-−+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?)')


def text(lines): return ''.join(lines or '')


def shown(output):
    "What a reader sees of one output"
    if output['output_type'] == 'error': return f'ERROR {output["ename"]}: {output["evalue"]}'
    if output['output_type'] == 'stream': return text(output['text']) if output['name'] == 'stdout' else ''
    data = output.get('data', {})
    return ' '.join(sorted(data)) + ''.join(text(data.get(kind)) for kind in ('text/html', 'text/plain'))


def number(token):
    try: return float(token.replace(',', '').replace('−', '-'))
    except ValueError: return None


def same(one, two):
    "Are two outputs the same, up to the last digits of their numbers?"
    for a, b in zip_longest(NUMBER.split(one), NUMBER.split(two)):
        if a == b: continue
        x, y = number(a or ''), number(b or '')
        if x is None or y is None or abs(x - y) > 1e-3*max(abs(x), abs(y)) + 1e-8: return False
    return True


def complaints(path, cells):
    "What is wrong with the committed outputs of a notebook, by those of a run"
    now = {c.id: c.get('outputs', []) for c in cells if c.cell_type == 'code'}
    for before in json.loads(path.read_text(encoding='utf-8'))['cells']:
        if before['cell_type'] != 'code': continue
        name = f'{path.name}#{before["id"]}'
        a, b = (''.join(map(shown, outputs)) for outputs in (before['outputs'], now[before['id']]))
        varies = 'varies' in before['metadata'].get('tags', [])
        if 'ERROR' in a: yield f'{name} holds an error'
        elif bool(a) != bool(b): yield f'{name} was not run'
        elif not varies and not same(a, b):
            lines = difflib.unified_diff(a.splitlines(), b.splitlines(), 'committed', 'now', n=0, lineterm='')
            yield f'{name} prints something else\n' + '\n'.join(line[:400] for line in list(lines)[2:42])


class Compared(nbdev.test.CaptureShell):
    "Runs a notebook, and compares"
    def __init__(self, path=None, **kwargs):
        super().__init__(path, **kwargs)
        self.notebook = Path(path)

    def run_all(self, nb, **kwargs):
        super().run_all(nb, **kwargs)
        try: assert not (found := [*complaints(self.notebook, nb.cells)]), '\n'.join(found)
        except AssertionError as e: self.exc = e; raise


if __name__ == '__main__':
    os.environ.setdefault('BACKPROP_ROUNDS', '2')   # timings are run, but not compared
    nbdev.test.CaptureShell = Compared
    nbdev.test.nbdev_test()
