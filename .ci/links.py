"""Every link from a notebook or README.md to a file of the repository leads to a file, and to a heading that is there.

JupyterLab opens a notebook at a heading only if the link names its cell, as in `04_linear.ipynb#cell-id=73f65601`.
Write `04_linear.ipynb#The-rule`, and `python .ci/links.py --write` puts the cell in."""
import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root/'docs'))
from pages import headings, text  # noqa: E402

LINK = re.compile(r'(?<!!)\[[^\]]*\]\(([^)\s]+)\)')
CODE = re.compile(r'```.*?```|`[^`\n]*`', re.S)   # z[i](…) is no link there


def markdown(path):
    "The markdown of a file"
    if path.suffix == '.md': return path.read_text(encoding='utf-8')
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    return '\n\n'.join(text(c['source']) for c in cells if c['cell_type'] == 'markdown')


def cells(path):
    "The cells that can be linked to, by the anchor of their first heading"
    return {anchor: i for i, anchor in reversed(headings(path).items())}


def write(path):
    "Put the ids of cells in the place of headings of other notebooks"
    def named(m):
        other = path.parent/m[1]
        return f'{m[1]}#cell-id={cells(other)[unquote(m[2])]}' if other != path else m[0]
    nb = path.read_text(encoding='utf-8')
    path.write_text(re.sub(r'(?<=\]\()(\w+\.ipynb)#(?!cell-id=)([^)\s]+)(?=\))', named, nb), encoding='utf-8')


def complaint(path, link):
    "What is wrong with a link, if anything"
    file, _, anchor = unquote(link).partition('#')
    target = path.parent/file if file else path
    if not target.exists(): return 'no such file'
    if not anchor: return
    if anchor.startswith('cell-id='): return None if anchor[8:] in headings(target) else 'no such cell with a heading'
    if path.suffix == '.ipynb' and file: return 'not followed by JupyterLab: python .ci/links.py --write'
    found = headings(target).values() if target.suffix == '.ipynb' else re.findall(r'(?m)^#+ (.+)$', markdown(target))
    return None if anchor in {re.sub(r'[`*]', '', h).strip().replace(' ', '-') for h in found} else 'no such heading'


notebooks = sorted(Path('nbs').glob('*.ipynb'))
if '--write' in sys.argv:
    for path in notebooks: write(path)
links = [(path, link) for path in [Path('README.md'), Path('CONTRIBUTING.md'), *notebooks]
         for link in LINK.findall(CODE.sub('', markdown(path))) if not re.match(r'\w+://|mailto:', link)]
broken = [f'{path}: {link}: {wrong}' for path, link in links if (wrong := complaint(path, link))]
broken += [f'{path.name} is not on the map' for path in notebooks
           if path.stem != 'index' and f']({path.name})' not in markdown(Path('nbs/index.ipynb'))]
print('\n'.join(broken) or f'{len(links)} links lead somewhere')
sys.exit(bool(broken))
