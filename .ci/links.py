"Every link from a notebook or README.md to a file of the repository leads to a file, and to a heading that is there."
import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

LINK = re.compile(r'(?<!!)\[[^\]]*\]\(([^)\s]+)\)')


def text(path):
    "The markdown of a file"
    if path.suffix == '.md': return path.read_text(encoding='utf-8')
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    return '\n\n'.join(''.join(c['source']) for c in cells if c['cell_type'] == 'markdown')


def anchors(path):
    "The anchors that Jupyter gives to the headings of a file"
    return {re.sub(r'[`*]', '', h).strip().replace(' ', '-') for h in re.findall(r'(?m)^#+ (.+)$', text(path))}


broken, count = [], 0
for path in [Path('README.md'), Path('CONTRIBUTING.md'), *sorted(Path('nbs').glob('*.ipynb'))]:
    for link in LINK.findall(text(path)):
        if re.match(r'\w+://|mailto:', link): continue
        file, _, anchor = unquote(link).partition('#')
        target, count = (path.parent/file if file else path), count + 1
        if not target.exists(): broken.append(f'{path}: {link}: no such file')
        elif anchor and anchor not in anchors(target): broken.append(f'{path}: {link}: no such heading')
print('\n'.join(broken) or f'{count} links lead somewhere')
sys.exit(bool(broken))
