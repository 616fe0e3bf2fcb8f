"""Run every notebook from its top in a fresh kernel and compare what its cells print with what is committed.

`nbdev_clean` drops the execution counts, so that a cell was run, and run in its place, shows only in its output.
Numbers may differ in their last digits, or by round-off; a cell tagged `varies` (a timing) is run, but not compared."""
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NUMBER = re.compile(r'([-−+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?)')


def shown(output):
    "What a reader sees of one output"
    if output['output_type'] == 'error': return f'ERROR {output["ename"]}: {output["evalue"]}'
    if output['output_type'] == 'stream': return output['text'] if output['name'] == 'stdout' else ''
    data = output.get('data', {})
    return ' '.join(sorted(data)) + ''.join(data.get(kind, '') for kind in ('text/html', 'text/plain'))


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


def complaints(path):
    "What is wrong with the outputs of a notebook"
    old = nbformat.read(path, as_version=4)
    new = nbformat.read(path, as_version=4)
    where = dict(metadata=dict(path=str(path.parent)))
    try: NotebookClient(new, timeout=600, kernel_name='python3', resources=where).execute()
    except CellExecutionError as e: return [f'{path.name}: {str(e).strip().splitlines()[-1]}']
    found = []
    for before, after in zip(old.cells, new.cells, strict=True):
        if before.cell_type != 'code': continue
        a, b = (''.join(map(shown, c.outputs)) for c in (before, after))
        if 'ERROR' in a: found.append(f'{path.name}#{before.id} holds an error')
        if 'varies' not in before.metadata.get('tags', []) and not same(a, b):
            found.append(f'{path.name}#{before.id} was not run in its place: committed\n{a[:400]}\nnow\n{b[:400]}')
        elif bool(a) != bool(b): found.append(f'{path.name}#{before.id} was not run')
    return found


if __name__ == '__main__':
    os.environ.setdefault('BACKPROP_ROUNDS', '2')   # timings are run, but not compared
    paths = sorted(Path(p) for p in sys.argv[1:]) or sorted(Path('nbs').glob('*.ipynb'))
    with ThreadPoolExecutor(2) as pool: found = [line for lines in pool.map(complaints, paths) for line in lines]
    print('\n'.join(found) or f'{len(paths)} notebooks print what is committed')
    sys.exit(bool(found))
