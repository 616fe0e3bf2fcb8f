"""Open every page of the built site from its file, as a reader does, and say what is broken: `python .ci/site.py _site`

Needs playwright and a Chromium: the system's, if there is one, else playwright's own. Exits with 1 on a fault."""
import sys
from pathlib import Path
from shutil import which
from urllib.parse import unquote, urldefrag, urlsplit

from playwright.sync_api import sync_playwright

LIMIT = 3_000_000   # bytes of a page with its pictures
ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']

LOOK = r"""async () => {
    if (window.MathJax?.startup) await MathJax.startup.promise
    const all = (css, root = document) => [...root.querySelectorAll(css)]
    const brief = text => text.trim().replace(/\s+/g, ' ').slice(0, 80)
    const found = []
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walk.nextNode()) {
        const text = walk.currentNode.data, parent = walk.currentNode.parentElement
        if (parent.closest('script, style, code, pre, mjx-container')) continue
        if (/^\s*#\s*\|/m.test(text)) found.push('nbdev directive: ' + brief(text))
        if (/\$|\\[a-zA-Z(\[]/.test(text)) found.push('raw mathematics: ' + brief(text))
    }
    for (const e of all('pre'))
        if (/^\s*#\s*\|/m.test(e.textContent)) found.push('nbdev directive: ' + brief(e.textContent))
    for (const e of all('.math'))
        if (!e.querySelector('mjx-container')) found.push('math not set: ' + brief(e.textContent))
    for (const e of all('mjx-container [data-mjx-error]')) found.push('math error: ' + e.dataset.mjxError)
    for (const e of all('img')) {
        if (!e.alt.trim()) found.push('no alt: ' + e.getAttribute('src'))
        if (e.complete && !e.naturalWidth) found.push('no picture: ' + e.getAttribute('src'))
        const stretch = e.width*e.naturalHeight/(e.height*e.naturalWidth)
        if (e.width && Math.abs(stretch - 1) > .03) found.push('picture out of proportion: ' + e.alt)
    }
    const over = document.documentElement.scrollWidth - innerWidth
    if (over > 0) found.push(`${over} pixels wider than the window`)
    return {found, ids: all('[id], a[name]').flatMap(e => [e.id, e.name]).filter(Boolean),
            links: all('a[href]').map(e => e.href), pictures: all('img').map(e => e.src)}
}"""

DARK = r"""() => {
    document.documentElement.dataset.theme = 'dark'
    const rgb = (e, what) => getComputedStyle(e)[what].match(/[\d.]+/g).map(Number)
    const under = e => { for (; e; e = e.parentElement) {
        const c = rgb(e, 'backgroundColor'); if (c.length < 4 || c[3] > .5) return c } return [18, 18, 18] }
    const light = c => c.slice(0, 3).map(v => v/255).map(v => v <= .04 ? v/12.92 : ((v + .055)/1.055)**2.4)
        .reduce((sum, v, i) => sum + v*[.2126, .7152, .0722][i], 0)
    const faint = e => { const [a, b] = [light(rgb(e, 'color')), light(under(e))].sort((a, b) => b - a)
        return (a + .05)/(b + .05) < 4.5 }
    const cells = [...document.querySelectorAll('.cell_output .text_html :is(th, td, code, b)')]
    return cells.filter(e => e.innerText.trim() && faint(e)).slice(0, 3).map(e => 'faint in the dark: ' + e.innerText)
}"""


def fold(page):
    "Open the first folded code by a click: the number of folds, and what is wrong"
    folds = page.locator('details.hide')
    if not folds.count(): return 0, []
    first, code = folds.first, folds.first.locator('pre').first
    if code.is_visible(): return folds.count(), ['the fold is open from the start']
    first.locator('summary').click()
    fine = code.is_visible() and code.inner_text().strip()
    return folds.count(), [] if fine else ['a click on the fold shows no code']


def narrow(page):
    "By how much the page is too wide for a telephone"
    size = page.viewport_size
    page.set_viewport_size(dict(width=420, height=800))
    over = page.evaluate('document.documentElement.scrollWidth - innerWidth')
    page.set_viewport_size(size)
    return [f'{over} pixels wider than a telephone'] if over > 0 else []


def visit(page, path, root):
    "Open one page: what it is made of, and what is wrong with it"
    wrong = []

    def requested(request):
        if not request.url.startswith(('file:', 'data:', 'blob:')): wrong.append(f'external request: {request.url}')

    listeners = dict(console=lambda m: wrong.append(f'console: {m.text}') if m.type == 'error' else None,
                     pageerror=lambda e: wrong.append(f'script error: {e}'), request=requested,
                     requestfailed=lambda r: wrong.append(f'request failed: {r.url}'))
    for event, listener in listeners.items(): page.on(event, listener)
    page.goto(path.as_uri(), wait_until='load')
    seen = page.evaluate(LOOK)
    seen['folds'], found = fold(page)
    wrong += seen['found'] + found + page.evaluate(DARK) + narrow(page)
    for event, listener in listeners.items(): page.remove_listener(event, listener)
    size = path.stat().st_size + sum(f.stat().st_size for f in set(map(local, seen['pictures'])) if f and f.is_file())
    if size > LIMIT: wrong.append(f'{size/1e6:.1f} MB with its pictures')
    return dict(seen, size=size), [f'{path.relative_to(root)}: {w}' for w in dict.fromkeys(wrong)]


def local(url):
    "The file that a file: URL names"
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == 'file' else None


def dead(path, pages, root):
    "The links of a page that lead to no file, or to no anchor"
    for url in dict.fromkeys(pages[path]['links']):
        target, anchor = local(url), unquote(urldefrag(url)[1])
        if target is None: continue
        name = path.relative_to(root)
        if not target.is_file(): yield f'{name}: link to no file: {url}'
        elif not target.is_relative_to(root): yield f'{name}: link out of the site: {url}'
        elif anchor and target in pages and anchor not in pages[target]['ids']: yield f'{name}: no such anchor: {url}'


def search(page, root):
    "Search for a word that stands on several pages"
    page.goto((root/'search.html').as_uri() + '?q=jacobian')
    try: page.locator('#search-results li a').first.wait_for(timeout=10_000)
    except Exception: return ['search.html: nothing found for "jacobian"']
    return []


def main(root):
    "Visit every page"
    pages, wrong = {}, []
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=which('chromium') or which('google-chrome'), args=ARGS)
        page = browser.new_page(viewport=dict(width=1280, height=900))
        page.route(lambda url: not url.startswith(('file:', 'data:', 'blob:')), lambda route: route.abort())
        for path in sorted(root.rglob('*.html')):
            if '_static' in path.relative_to(root).parts: continue
            pages[path], found = visit(page, path, root)
            wrong += found
        if (root/'search.html').exists(): wrong += search(page, root)
        browser.close()
    wrong += [w for path in pages for w in dead(path, pages, root)]
    if not any(p['folds'] for p in pages.values()): wrong.append('no page has a folded solution')
    print(*wrong, sep='\n', end='\n' if wrong else '')
    links, largest = sum(len(p['links']) for p in pages.values()), max(pages, key=lambda p: pages[p]['size'])
    print(f'{len(pages)} pages, {links} links, the largest page is {largest.name} '
          f'({pages[largest]["size"]/1e6:.1f} MB with its pictures): {len(wrong)} problems')
    return bool(wrong)


if __name__ == '__main__': sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else '_site').resolve()))
