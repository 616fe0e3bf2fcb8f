"""The documentation site: the committed notebooks with their outputs, and a page for each module.

`sphinx-build -W -b html -c docs nbs _site` builds it; nothing is run, and nothing is fetched from elsewhere."""
import sys
from configparser import ConfigParser
from importlib.metadata import files
from pathlib import Path

docs = Path(__file__).resolve().parent
sys.path[:0] = [str(docs), str(docs.parent)]   # for modules.py and pages.py, and for the package

settings = ConfigParser()
settings.read(docs.parent/'settings.ini', encoding='utf-8')
settings = settings['DEFAULT']

project, author, release = settings['title'], settings['author'], settings['version']
project_copyright = settings['copyright']
extensions = ['myst_nb', 'sphinx.ext.viewcode', 'sphinx_copybutton', 'pages', 'modules']
exclude_patterns = ['**/.ipynb_checkpoints', '_*']
templates_path = []
smartquotes_action = 'D'   # dashes; quotation marks stay as they were typed
python_use_unqualified_type_names = True
toc_object_entries_show_parents = 'hide'

nb_execution_mode = 'off'
nb_merge_streams = True
nb_render_markdown_format = 'myst'
nb_code_prompt_show = 'Show the code'
nb_code_prompt_hide = 'Hide the code'
myst_enable_extensions = ['dollarmath', 'amsmath', 'fieldlist']
myst_heading_anchors = 6
myst_heading_slug_func = 'pages.slug'

# MathJax, fonts and all, in one file
mathjax = next(f.locate() for f in files('sphinx-mathjax-offline') if f.name == 'tex-svg-full.js')
mathjax_path = mathjax.name
mathjax3_config = dict(options=dict(enableMenu=False))

html_theme = 'sphinx_book_theme'
html_title = project
html_static_path = ['static', str(mathjax)]
html_css_files = ['site.css']
html_context = dict(default_mode='auto')
html_show_sphinx = False
html_show_search_summary = False   # it is fetched, which a browser refuses to a page opened as a file
html_sourcelink_suffix = ''
html_theme_options = dict(home_page_in_toc=True, show_toc_level=2, use_download_button=True, navbar_persistent=[],
                          pygments_light_style='a11y-high-contrast-light',
                          pygments_dark_style='a11y-high-contrast-dark')
