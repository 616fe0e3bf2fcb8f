"A page for each module of the package, written from its docstrings and docments into nbs/api/"
import importlib
import inspect
import re
from pathlib import Path

from fastcore.docments import docments
from pages import modules

FENCE = '`````'


def signature(obj):
    "The signature of a function or class without `self`, so that Sphinx can read it"
    try: sig = inspect.signature(obj)
    except ValueError: return ''   # a kind of tensor, or of error, that is made as its parent is
    sig = sig.replace(parameters=[p for name, p in sig.parameters.items() if name != 'self'])
    return re.sub(r'<[^>]*>', '...', str(sig))


def plain(text):
    "Text in which `z[i](...)` is no link"
    return re.sub(r'`[^`]*`|\]\(', lambda m: m[0].replace('](', r'\](') if m[0][0] == ']' else m[0], text)


def fields(obj):
    "The comments on the parameters and on the result"
    for name, p in docments(obj, full=True).items():
        comment = plain(' '.join((p['docment'] or '').split()))
        if comment: yield f':returns: {comment}' if name == 'return' else f':param {name}: {comment}'


def block(kind, name, obj, names, inside=()):
    "One entry: signature, docstring with links to other entries, parameters, and what is inside it"
    doc = re.sub(r'`(\w+)`', lambda m: f'{{py:obj}}`{m[1]} <{names[m[1]]}>`' if m[1] in names else m[0],
                 plain(inspect.getdoc(obj) or ''))
    sig = '' if kind == 'property' else signature(obj)
    fence = FENCE if inside else FENCE[:-1]
    about = [] if kind == 'property' else [*fields(obj)]
    return '\n'.join([f'{fence}{{py:{kind}}} {name}{sig}', '', doc, '', *about, '', *inside, fence, ''])


def members(cls, names):
    "The documented methods and properties of a class"
    for name, raw in vars(cls).items():
        obj = getattr(cls, name)
        if name.startswith('_') and name != '__call__' or not (callable(obj) or isinstance(raw, property)): continue
        if not inspect.getdoc(obj): continue
        kind = 'property' if isinstance(raw, property) else 'classmethod' if inspect.ismethod(obj) else 'method'
        yield block(kind, name, obj, names)


def entry(module, name, names):
    "The entry of one exported name; nothing for a constant"
    obj = getattr(module, name)
    if inspect.isclass(obj): return block('class', name, obj, names, [*members(obj, names)])
    return block('function', name, obj, names) if callable(obj) else ''


def page(package, name, notebook, names):
    "The page of one module"
    module = importlib.import_module(f'{package}.{name}')
    head = [f'# {package}.{name}', module.__doc__ or '',
            f'Derived, tested and exported in [{notebook}](../{notebook}.ipynb).',
            f'```{{py:module}} {package}.{name}\n```']
    return '\n\n'.join([*head, *(e for n in module.__all__ if (e := entry(module, n, names)))])


def beside(root):
    "The pages that lie beside the notebooks, such as CONTRIBUTING.md, with their links to the notebooks mended"
    return {p.stem: p.read_text(encoding='utf-8').replace('](nbs/', '](../')
            for p in sorted(root.glob('*.md')) if p.stem != 'README'}


def write(app):
    "Write the pages that have changed, and take away those that are gone"
    nbs, package = Path(app.srcdir), app.config.project
    found, folder = modules(nbs), nbs/'api'
    names = {n: f'{package}.{m}.{n}' for m in found for n in importlib.import_module(f'{package}.{m}').__all__}
    pages = {m: page(package, m, notebook, names) for m, notebook in found.items()} | beside(nbs.parent)
    folder.mkdir(exist_ok=True)
    for old in folder.glob('*.md'):
        if old.stem not in pages: old.unlink()
    for name, new in pages.items():
        path = folder/f'{name}.md'
        if not path.exists() or path.read_text(encoding='utf-8') != new: path.write_text(new, encoding='utf-8')


def setup(app):
    app.connect('builder-inited', write)
    return dict(parallel_read_safe=True, parallel_write_safe=True)
