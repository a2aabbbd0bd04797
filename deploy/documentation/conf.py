"""How Sphinx makes the site: pages in Markdown; fonts, styles and search within the folder, no network."""

project = "cds-service, trial NCT06802055"
author = "the developers of cds-service"
language = "en"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = "cds-service · NCT06802055"
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 3
myst_links_external_new_tab = True
suppress_warnings = ["myst.header", "misc.highlighting_failure"]
html_show_search_summary = False  # it would fetch pages, which a folder without a server cannot
