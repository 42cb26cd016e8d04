"""Builds the site: `python -m tests.docs.site FOLDER` fails where Sphinx warns, and where a link leads nowhere."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from tests.docs.pages import DOCS

_LOADED = {("script", "src"), ("link", "href"), ("img", "src"), ("source", "src"), ("iframe", "src")}
"""What a browser loads by itself."""


def build(folder: Path) -> str:
    """Build the site. Returns what Sphinx warns of: nothing where all is well."""
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-b", "html", "--keep-going", "--fail-on-warning", DOCS, folder],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            if (tag, name) == ("a", "href") and value:
                self.links.append(value)
            if (tag, name) in _LOADED and value:
                self.loaded.append(value)


def dead_ends(folder: Path) -> list[str]:
    """Return the links and anchors of the pages that lead nowhere, and what a browser would load from elsewhere."""
    pages: dict[Path, _Page] = {}
    for path in folder.rglob("*.html"):
        pages[path] = _Page()
        pages[path].feed(path.read_text())
    found: list[str] = []
    for path, page in pages.items():
        name = path.relative_to(folder)
        for link in [*page.links, *page.loaded]:
            split = urlsplit(link)
            if split.scheme or split.netloc:
                found += [f"{name} loads {link}"] if link in page.loaded and split.scheme != "data" else []
                continue
            target, anchor = urldefrag(link)
            file = (path.parent / unquote(target.partition("?")[0])).resolve() if target else path
            if not file.is_file():
                found.append(f"{name}: {link} leads nowhere")
            elif anchor and file in pages and anchor not in pages[file].anchors:
                found.append(f"{name}: {link}: there is no such anchor")
    return sorted(set(found))


def main(folder: Path) -> int:
    """Build, check, and say what is wrong."""
    wrong = build(folder) or "\n".join(dead_ends(folder))
    if wrong:
        print(wrong, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
