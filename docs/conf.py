"""How the pages of this folder become a site (`make docs`). `index.md` is its navigation, and has to name each page."""

import re

from sphinx.application import Sphinx

project = "goproxy-operator"
html_title = project
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
# Anchors as forges make them, so that one link is good in both places.
myst_heading_anchors = 4
myst_links_external_new_tab = False
highlight_language = "text"
nitpicky = True
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#00687a", "color-brand-content": "#00687a"},
    "dark_css_variables": {"color-brand-primary": "#5ccfe6", "color-brand-content": "#5ccfe6"},
}


def _navigation(text: str) -> str:
    """Return hidden tables of contents: one for each part of the index, of the pages that it links to."""
    trees = []
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        pages = dict.fromkeys(re.findall(r"\]\(([\w/-]+)\.md\)", body))
        trees.append("\n".join(["```{toctree}", ":hidden:", f":caption: {title}", "", *pages, "```"]))
    return "\n\n".join(trees)


def _with_trees(app: Sphinx, name: str, source: list[str]) -> None:
    if name == "index":
        source[0] += "\n\n" + _navigation(source[0]) + "\n"
    if name == "reference/alerts":
        source[0] += "\n```{toctree}\n:hidden:\n:glob:\n\n/runbooks/*\n```\n"


def setup(app: Sphinx) -> None:
    """Have the pages changed as they are read."""
    app.connect("source-read", _with_trees)
