"""Sphinx's settings for the site. Nothing comes from another host: no fonts, no formulas, no launch buttons."""

import transferlab

project = "transferlab"
author = "The transferlab authors"
copyright = "The transferlab authors. Code: BSD-3-Clause; prose and figures: CC BY 4.0"
version = release = transferlab.__version__
language = "en"
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
exclude_patterns = ["papers.yaml"]
suppress_warnings = ["myst.header"]  # the changelog goes from the first to the second order as it likes
html_theme = "sphinx_book_theme"
html_title = "transferlab"
html_theme_options = {
    "home_page_in_toc": True,
    "use_download_button": False,
    "show_toc_level": 2,
    "navbar_persistent": [],  # a second field to search in
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = html_copy_source = False
html_show_sphinx = False
toc_object_entries_show_parents = "hide"
