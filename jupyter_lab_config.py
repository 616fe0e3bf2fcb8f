"JupyterLab, started here, opens the front page"
c = get_config()  # noqa: F821
c.LabApp.default_url = '/lab/tree/index.ipynb'
