"The notebooks as pages: without nbdev's directives, with alt texts and Jupyter's anchors; and the contents of the site"
import json
import re
from pathlib import Path

from docutils import nodes

HEADING = re.compile(r'^#+ (.+)', re.M)
DIRECTIVE = re.compile(r'^\s*#\s*\|.*\n?', re.M)
UP = re.compile(r'\]\(\.\./(?=\w+\.md)')
CELL = re.compile(r'(\w+)\.ipynb#cell-id=([\w-]+)')
MODULE = re.compile(r'\]\(\.\./backprop/(\w+)\.py\)')
OPENING, CLOSING = re.compile(r'[(\[]*$'), re.compile(r'^[^\s\w(\[]*')
WIDGET = 'application/vnd.jupyter.widget-view+json'   # it needs a kernel, and on a page a script from elsewhere
PARTS = [('0[0-4]', 'Part I: one neuron'), ('0[5-9]', 'Part II: layers and networks'),
         ('[1-5][0-9]', 'Part III: everything else'), ('[6-9][0-9]', 'Appendix: the machinery')]


def slug(heading):
    "The anchor that Jupyter gives to a heading"
    return heading.strip().replace(' ', '-')


def text(lines):
    "A multi-line string of a notebook, which may be a list of lines"
    return lines if isinstance(lines, str) else ''.join(lines)


def headings(path):
    "The anchor of the first heading of each markdown cell that has one, by the id of the cell"
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    found = {c['id']: HEADING.search(text(c['source'])) for c in cells if c['cell_type'] == 'markdown'}
    return {i: slug(re.sub('[`*]', '', m[1])) for i, m in found.items() if m}


def anchored(source, nbs):
    "With anchors of headings in place of the ids of cells, which JupyterLab alone follows"
    return CELL.sub(lambda m: f'{m[1]}.ipynb#{headings(nbs/f"{m[1]}.ipynb")[m[2]]}', source)


def settle(stream):
    "What a terminal shows in the end, where a progress bar has written over itself"
    return '\n'.join(line.rstrip('\r').rpartition('\r')[2] for line in stream.split('\n'))


def still(data):
    "What is left of a widget on a page: its picture, or a hint"
    rest = {kind: value for kind, value in data.items() if kind not in (WIDGET, 'text/plain')}
    return rest or {'text/markdown': '*Run the notebook to move this.*'}


def outputs(cell):
    "The outputs of a cell, each stream in one piece and settled"
    found = []
    for o in cell['outputs']:
        last = found[-1] if found else {}
        if o['output_type'] == 'stream' and last.get('name') == o['name']: last['text'] += text(o['text'])
        else: found.append(dict(o, text=text(o['text'])) if o['output_type'] == 'stream' else o)
    for n, o in enumerate(found):
        if o['output_type'] == 'stream': o['text'] = settle(o['text'])
        if WIDGET in o.get('data', {}): found[n] = dict(o, data=still(o['data']))
    return found


def alt(cell):
    "The alt texts of the pictures of a cell"
    metadata = [o['metadata'].get('image/png', {}) for o in cell['outputs'] if 'image/png' in o.get('data', {})]
    return ' '.join(m.get('alt', '') for m in metadata).strip()


def page(cell, heading):
    "A cell as it stands on the page, under a heading; None if it is left out"
    source = text(cell['source'])
    if cell['cell_type'] != 'code': return dict(cell, source=MODULE.sub(r'](api/\1.md)', UP.sub('](api/', source)))
    directives = [d.split('|')[1].strip() for d in DIRECTIVE.findall(source)]
    source = DIRECTIVE.sub('', source).strip('\n')
    if 'hide' in directives or directives and not source.strip(): return None
    options = dict(image=dict(alt=alt(cell))) if alt(cell) else {}
    if heading == 'Your turn': options |= dict(code_prompt_show='Show a solution', code_prompt_hide='Hide the solution')
    metadata = dict(cell['metadata'], mystnb=options)
    if source.startswith('# A solution'): metadata['tags'] = ['hide-cell']   # with its verdict
    return dict(cell, source=source, outputs=outputs(cell), metadata=metadata)


def pages(cells):
    "The cells of a notebook as they stand on its page"
    heading = ''
    for cell in cells:
        if cell['cell_type'] == 'markdown': heading = ([heading] + HEADING.findall(text(cell['source'])))[-1]
        if cell := page(cell, heading): yield cell


def titles(nbs):
    "The notebooks by file name, as the map on the front page calls them"
    front = json.loads((nbs/'index.ipynb').read_text(encoding='utf-8'))['cells']
    prose = '\n'.join(text(c['source']) for c in front)
    return {name: title for title, name in re.findall(r'(?m)^\| \[(.+?)\]\((\w+)\.ipynb\)', prose)}


def toctree(caption, entries):
    "A part of the contents"
    return '\n'.join(['```{toctree}', ':hidden:', f':caption: "{caption}"', '', *entries, '```'])


def contents(nbs):
    "The contents of the site: a tree for each part, with whatever notebooks and modules there are"
    names = titles(nbs)
    parts = [(caption, [f'{names.get(p.stem, p.stem)} <{p.stem}>' for p in sorted(nbs.glob(f'{digits}_*.ipynb'))])
             for digits, caption in PARTS]
    beside = [p.stem for p in sorted(nbs.parent.glob('*.md')) if p.stem != 'README']
    parts.append(('The package', [f'api/{name}' for name in (*modules(nbs), *beside)]))
    source = '\n\n'.join(toctree(*part) for part in parts if part[1])
    return dict(cell_type='markdown', metadata={}, source=source, id='contents')


def modules(nbs):
    "The modules of the package, in the order of their pages in the series"
    found = {}
    for path in sorted(nbs.glob('[0-9]*.ipynb')):
        source = '\n'.join(text(c['source']) for c in json.loads(path.read_text(encoding='utf-8'))['cells'])
        for name in re.findall(r'(?m)^#\s*\| default_exp (\w+)', source):
            if name != '__init__': found[name] = path.stem
    return found


def read(app, name, source):
    "Make a notebook a page"
    if not app.env.doc2path(name).suffix == '.ipynb': return
    nb = json.loads(source[0])
    nb['metadata'].pop('widgets', None)
    nb['metadata']['language_info'] = dict(name='python', pygments_lexer='ipython3')
    nb['cells'] = [*pages(nb['cells'])]
    if name == app.config.root_doc: nb['cells'].append(contents(Path(app.srcdir)))
    source[0] = anchored(json.dumps(nb), Path(app.srcdir))


def glue(app, doctree):
    "Keep a formula on one line with the brackets and commas around it"
    for formula in list(doctree.findall(nodes.math)):
        parent, at = formula.parent, formula.parent.index(formula)
        near = [n if isinstance(n, nodes.Text) else '' for n in (*parent[at-1:at], *parent[at+1:at+2])]
        before = OPENING.search(near[0])[0] if at else ''
        after = CLOSING.search(near[-1])[0] if at + 1 < len(parent) else ''
        if not before + after: continue
        if after: parent[at + 1] = nodes.Text(near[-1][len(after):])
        parent[at] = nodes.inline('', '', *map(nodes.Text, filter(None, [before])), formula.deepcopy(),
                                  nodes.Text(after), classes=['glued'])
        if before: parent[at - 1] = nodes.Text(near[0][:-len(before)])


def outdated(app, env, added, changed, removed):
    "The front page, which holds the contents, is always read again"
    return [app.config.root_doc]


def keep_outputs(app):
    "Keep the pictures of the outputs with the build's other intermediate files"
    app.env.mystnb_config = app.env.mystnb_config.copy(output_folder=str(Path(app.doctreedir)/'outputs'))


def setup(app):
    app.connect('builder-inited', keep_outputs, priority=900)
    app.connect('source-read', read)
    app.connect('doctree-read', glue)
    app.connect('env-get-outdated', outdated)
    return dict(parallel_read_safe=True, parallel_write_safe=True)
