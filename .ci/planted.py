#!/usr/bin/env python
"""Plant faults in the exported cells of notebooks, one at a time; the notebook's own cells must fail

`python .ci/planted.py 12_softmax 13` plants in these notebooks; without names, in all that export pairs. For each fault
the notebook runs on from the changed cell, in a fork, until a cell raises: then the fault is caught. The package has
it, too, as if the cell had been exported. `-k mse_grad` keeps to functions with that in their names, `-e 5` to every
fifth fault of each. Functions that refuse bad arguments are left alone: 91_stress sees to them."""
import argparse
import ast
import copy
import gc
import importlib
import json
import os
import re
import signal
import sys
import time
import types
from collections import Counter
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path

STORY = '02', '03', '04', '05', '10', '11', '12', '13', '14', '15', '16'
OTHER = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.And: ast.Or, ast.Or: ast.And, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
         ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
         ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}
EDGE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
METHOD = dict(sum='mean', mean='sum', add_='sub_', sub_='add_', mul_='div_', index_add_='index_copy_',
              scatter_add_='scatter_', maximum='minimum', amax='amin', conv_transpose1d='conv1d',
              conv_transpose2d='conv2d', flip='clone')
LEFT_OUT = ('sum mean add_ sub_ mul_ flip t transpose movedim square rsqrt exp log sigmoid tanh sign relu masked_fill '
            'where clone to softmax diag_embed triu reshape expand sum_to_size nan_to_num detach').split()
PLAIN = dict(stride='1', padding='0', dilation='1', groups='1', causal='False', mask='None', scale='None', eps='0.')


def expr(text, **parts):
    "An expression, with nodes in the places of names"
    class Fill(ast.NodeTransformer):
        def visit_Name(self, node): return parts.get(node.id, node)
    return Fill().visit(ast.parse(text, mode='eval').body)


def exchanged(call):
    "The call, with two neighbours among its arguments exchanged"
    for i in range(len(args := call.args) - 1):
        if isinstance(args[i], ast.Starred) or isinstance(args[i + 1], ast.Starred): continue
        if getattr(call.func, 'attr', '') in ('promote_types', 'maximum', 'addcmul')[:2 + i]: continue   # as well
        yield ast.Call(call.func, [*args[:i], args[i + 1], args[i], *args[i + 2:]], call.keywords)


def edits(n):
    "What may be written instead of a node, wrongly"
    match n:
        case ast.BinOp(a, ast.Add() | ast.Sub() as op, b): yield from (ast.BinOp(a, OTHER[type(op)](), b), a, b)
        case ast.BinOp(a, ast.Mult(), b): yield from (a, b)
        case ast.BinOp(a, ast.Div() | ast.FloorDiv() as op, b): yield from (a, ast.BinOp(a, op, expr('b + 1', b=b)))
        case ast.BinOp(a, ast.MatMult(), b): yield from (expr('(a @ b).mT', a=a, b=b), expr('b @ a', a=a, b=b))
        case ast.UnaryOp(ast.USub(), ast.Constant(int(v))): yield from (ast.Constant(v), ast.Constant(v - 1))
        case ast.UnaryOp(ast.USub() | ast.Not() | ast.Invert(), a): yield a
        case ast.AugAssign(target, op, value):
            yield ast.Assign([target], value)
            if type(op) in OTHER: yield ast.AugAssign(target, OTHER[type(op)](), value)
        case ast.Compare(a, [op], [b]):
            yield from (ast.Compare(a, [table[type(op)]()], [b]) for table in (OTHER, EDGE) if type(op) in table)
        case ast.BoolOp(op, values): yield ast.BoolOp(OTHER[type(op)](), values)
        case ast.IfExp(_, body, orelse): yield from (body, orelse)
        case ast.If() | ast.Expr(ast.Call()): yield ast.Pass()
        case ast.Call(ast.Attribute(a, name) as f, args, keywords):
            if name in METHOD: yield ast.Call(ast.Attribute(a, METHOD[name], f.ctx), args, keywords)
            if name in LEFT_OUT and ast.unparse(a) not in ('torch', 'F'): yield a
            yield from exchanged(n)
        case ast.Call(ast.Name('reversed' | 'sorted' | 'wide'), [a], []): yield a
        case ast.Call(ast.Name('max' | 'min' as name), args, _):
            yield ast.Call(ast.Name({'max': 'min', 'min': 'max'}[name]), args, [])
        case ast.Call(ast.Name(name)) if name not in ('isinstance', 'getattr', 'zip'): yield from exchanged(n)
        case ast.Attribute(a, 'mT' | 'T'): yield a
        case ast.Constant(bool(v)): yield ast.Constant(not v)
        case ast.Constant(int(v)): yield ast.Constant(v + 1)
        case ast.Constant(float(v)): yield ast.Constant(v*1.001 or .001)
        case ast.Return(value) if value:
            for i in range(4):
                yield from (ast.Return(expr(f'planted(value, {i}, {how!r})', value=value)) for how in '*+')
        case ast.FunctionDef(body=body, args=args):
            options = [*zip(args.args[::-1], args.defaults[::-1], strict=False),
                       *zip(args.kwonlyargs, args.kw_defaults, strict=True)]
            options = {a.arg: ast.unparse(d) for a, d in options if d}
            for name in [a.arg for a in args.args + args.kwonlyargs]:   # an option is ignored
                plain = options.get(name, PLAIN.get(name))
                if plain is None or name not in {m.id for m in ast.walk(n) if isinstance(m, ast.Name)}: continue
                many = f'({plain},)*len({name}) if isinstance({name}, (tuple, list)) else {plain}'
                ignored = ast.parse(f'{name} = {plain if name in options else many}').body
                yield ast.FunctionDef(**{**vars(n), 'body': ignored + body})


def places(node):
    "The nodes in which a fault may be: not in types and decorators, nor in what only refuses bad arguments (see 91)"
    refusal = isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise)
    if refusal or ast.unparse(node).startswith(('validate', 'refuse', 'def refuse')): return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ('annotation', 'returns', 'decorator_list'): continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, (ast.Raise, ast.JoinedStr)): continue
            if not isinstance(child, ast.keyword) or child.arg != 'strict': yield from places(child)


class Swap(ast.NodeTransformer):
    def __init__(self, number, new): self.number, self.new = number, new
    def visit(self, node): return self.new if node.number == self.number else self.generic_visit(node)


def mutants(cell):
    "Function, what stood there and what stands there now, and the changed cell"
    tree = ast.parse(cell)
    for number, node in enumerate(ast.walk(tree)): node.number = number
    for top in tree.body:
        if not isinstance(top, (ast.FunctionDef, ast.ClassDef)): continue
        for old in places(top):
            for new in edits(old):
                words = [' '.join(ast.unparse(ast.fix_missing_locations(n)).split()) for n in (old, new)]
                if isinstance(old, ast.FunctionDef): words = [f'def {old.name}', ast.unparse(new.body[0])]
                changed = Swap(old.number, new).visit(copy.deepcopy(tree))
                yield top.name, *words, ast.fix_missing_locations(changed)


MET = []


def planted(value, n, how):
    "`value`, with its number `n` a little larger: all of it, or its last entry"
    many = value if isinstance(value, tuple) else (value,)
    if not torch.compiler.is_compiling() and not (
            n < len(many) and (many[n] is None or isinstance(many[n], torch.Tensor) and many[n].is_floating_point())):
        os._exit(9)   # there is no such gradient
    if (t := many[n]) is None: return value
    if not torch.compiler.is_compiling(): MET.append(n)
    last = (torch.arange(t.numel()) == t.numel() - 1).view(t.shape)
    t = t*1.001 if how == '*' else t + (last*1e-6).to(t.dtype)
    return (*many[:n], t, *many[n + 1:]) if isinstance(value, tuple) else t


def define(tree, ns, module, found):
    "Run the changed cell in the notebook, and have the functions of the package run its code, whoever holds them"
    gc.disable()
    ns['planted'] = vars(module)['planted'] = planted
    exec(compile(tree, 'planted', 'exec'), ns)
    fresh = {f.__code__.co_qualname: f for f in gc.get_objects(0)
             if type(f) is types.FunctionType and f.__code__.co_filename == 'planted'}
    for f in found:
        if new := fresh.get(f.__code__.co_qualname):
            f.__code__, f.__defaults__, f.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
    gc.enable()


def in_fork(run, limit=0):
    "What `run` returns, in a copy of this process; what it does does not last"
    read, write = os.pipe()
    if not (child := os.fork()):
        signal.alarm(limit)
        for out in (1, 2): os.dup2(os.open(os.devnull, os.O_WRONLY), out)
        os.write(write, json.dumps(run()).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe: said = pipe.read()
    code = os.waitpid(child, 0)[1]
    return json.loads(said) if said else ['too slow', 1] if code == signal.SIGALRM else None


def run_of(cells, ns, first=lambda: None):
    "Of the cells, the first that raises, and what; or '', and whether the fault was met"
    at = 'itself'
    try:
        first()
        for at, source in cells: exec(compile(source, f'cell {at}', 'exec'), ns)
    except BaseException as e: return [f'{type(e).__name__} in cell {at}: {e}'.splitlines()[0], len(MET)]
    return ['', len(MET)]


def cells_of(path):
    "The cells with their numbers, those left out that take long and check nothing, and all that need them"
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    cells = [*enumerate([''.join(c['source']) for c in cells if c['cell_type'] == 'code'])]
    ns = {'__name__': '__main__'}
    def seconds(cell):
        start = time.process_time()
        exec(compile(cell[1], 'cell', 'exec'), ns)
        return time.process_time() - start
    def needed(cell):
        try: return seconds(cell)*0
        except Exception: return 9
    for look in (seconds, needed):
        took = in_fork(lambda look=look, cells=cells: [look(cell) for cell in cells])
        if not took: raise SystemExit(f'{path.name} fails without a fault')
        cells = [cell for cell, t in zip(cells, took, strict=True)
                 if t < 2 or look is seconds and re.search('export|assert|same|check|refuse|import', cell[1])]
    return cells, {'__name__': '__main__'}, 60 + 5*int(sum(took))


def plant(path, args):
    "All faults of one notebook, a line for each"
    (cells, ns, limit), count, start = cells_of(path), Counter(), time.time()
    module = next(line.split()[-1] for line in cells[0][1].splitlines() if 'default_exp' in line)
    for n, (at, cell) in enumerate(cells):
        export = re.match(r'(?:#\| hide\n)?#\| export *(\S*)', cell)
        faults, seen = [*mutants(cell)] if export else [], Counter()
        if faults:
            package = importlib.import_module(f'backprop.{export[1] or module}')
            found = [f for f in gc.get_objects() if type(f) is types.FunctionType
                     and f.__globals__ is vars(package) and '<' not in f.__qualname__]
        for name, old, new, tree in faults:
            seen[name] += 1
            if not re.search(args.k, name) or seen[name] % args.e: continue
            said = in_fork(partial(run_of, cells[n + 1:], ns, partial(define, tree, ns, package, found)), limit)
            if not said or 'planted(' in new and not said[1]: continue   # there is no such gradient
            count['planted'] += 1
            count['caught'] += bool(said[0])
            print(f'{path.stem} {name}: {old[:90]} → {new[:90]}  {said[0][:90] or "SURVIVED"}', flush=True)
        with redirect_stdout(StringIO()): exec(compile(cell, f'cell {at}', 'exec'), ns)
    print(f'{path.stem}: {count["caught"]} caught of {count["planted"]} planted, {time.time() - start:.0f} s')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('names', nargs='*', help='how the names of the notebooks begin')
    parser.add_argument('-k', default='', help='a part of the names of the functions')
    parser.add_argument('-e', type=int, default=1, help='every so many faults of each function')
    args = parser.parse_args()
    os.environ.update(MPLBACKEND='Agg', BACKPROP_ROUNDS='2')
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    os.chdir(Path(__file__).resolve().parents[1]/'nbs')
    import torch
    torch.set_num_threads(1)   # a pool of threads does not outlive a fork
    for path in sorted(Path().glob('[01]*.ipynb')):
        if any(map(path.name.startswith, args.names or STORY)): plant(path, args)
