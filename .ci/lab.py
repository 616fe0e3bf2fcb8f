"Drive the playgrounds in a real JupyterLab: move the slider of 01_wiggle, type formulas into 19_derive; what changes?"
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import sync_playwright

with socket.socket() as free: free.bind(('127.0.0.1', 0)); PORT = free.getsockname()[1]
BROWSERS = 'chromium', 'chromium-browser', 'google-chrome'


def serve(folder):
    "JupyterLab on a copy of the notebooks, with every cell on the page, also those out of sight"
    settings = folder.parent/'settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings'
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}')
    os.environ['JUPYTERLAB_SETTINGS_DIR'] = str(folder.parent/'settings')
    command = [sys.executable, '-m', 'jupyterlab', '--no-browser', '--port', str(PORT), '--allow-root',
               '--IdentityProvider.token=', '--ServerApp.password=']
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait():
    "Until the server answers"
    for _ in range(60):
        try: return urlopen(f'http://127.0.0.1:{PORT}/api', timeout=2).read()
        except OSError: time.sleep(1)
    raise SystemExit('JupyterLab did not start')


def run_all(page, name):
    "Open a notebook and run its cells"
    page.goto(f'http://127.0.0.1:{PORT}/lab/tree/{name}.ipynb?reset', timeout=60_000)
    page.wait_for_selector('.jp-Notebook .jp-Cell', timeout=60_000)
    page.wait_for_selector('#jp-bottom-panel >> text=| Idle', timeout=60_000)   # the kernel is there
    page.click('#jp-MainMenu >> text=Run')
    page.click('text=Run All Cells')


def until(look, wanted, seconds=10):
    "What `look()` says when it is as wanted, or in the end"
    for _ in range(4*seconds):
        if wanted(look()): break
        time.sleep(.25)
    return look()


def slide(page):
    "Move the slider by four steps; its number and the picture, before and after"
    run_all(page, '01_wiggle')
    handle = page.wait_for_selector('.widget-slider .noUi-handle', timeout=180_000, state='attached')
    page.wait_for_function("document.querySelector('.widget-readout').textContent")
    look = lambda: (page.text_content('.widget-readout'), page.get_attribute('img.widget-image', 'src'))
    before = look()
    handle.focus()
    for _ in range(4): page.keyboard.press('ArrowRight')
    return before, until(look, lambda now: now[1] != before[1])


def derive(page):
    "Type two formulas into the field, the second with a slip; the page below it, three times"
    run_all(page, '19_derive')
    field = page.wait_for_selector('.widget-textarea textarea', timeout=180_000, state='attached')
    look = lambda: page.text_content('.jp-OutputArea-output .widget-htmlmath')
    seen = [until(look, bool)]
    for formula in ('y[i] = tanh(x[i])', 'y[i] = tahn(x[i])'):
        field.fill(formula)
        seen.append(until(look, lambda now: now != seen[-1]))
    return seen


browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
if not browser: raise SystemExit(f'none of {", ".join(BROWSERS)} is installed')
with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
    shutil.copytree('nbs', Path(folder)/'nbs')
    os.environ['PYTHONPATH'] = os.getcwd()
    server = serve(Path(folder)/'nbs')
    try:
        wait()
        chromium = p.chromium.launch(executable_path=browser, args=['--no-sandbox', '--disable-gpu'])
        page = chromium.new_page(viewport=dict(width=1300, height=1400))
        before, after = slide(page)
        first, derived, refused = derive(page)
    finally: server.terminate(); server.wait(30)
moved, drawn = before[0] != after[0], before[1] != after[1]
told = derived != first and 'dJ_dy*(1 - y**2)' in derived
pointed = 'did you mean tanh?' in refused and '^' in refused
print(f'the slider went from {before[0]} to {after[0]}; the picture {"changed" if drawn else "did not change"}')
print(f'the derivation {"changed" if told else "did not change"}; the slip was {"" if pointed else "not "}pointed at')
sys.exit(not (moved and drawn and told and pointed))
