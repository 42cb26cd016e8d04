"""The site is built without a warning, and every link and anchor of its pages leads somewhere."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path

import pytest

from modproxy.server.decide.errors import ErrorAnswer, explained
from tests.docs.pages import DOCS, ROOT
from tests.docs.site import build, dead_ends


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    assert build(folder) == ""
    return folder


def test_every_page_is_there_and_searched(site: Path) -> None:
    for page in DOCS.rglob("*.md"):
        assert (site / page.relative_to(DOCS)).with_suffix(".html").is_file(), page
    assert "Search.setIndex" in (site / "searchindex.js").read_text()


def test_no_link_is_dead_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    assert dead_ends(site) == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_into_the_pages_find_their_anchors(name: str, site: Path) -> None:
    found = re.findall(r"\]\(docs/([\w/-]+)\.md#([\w-]+)\)", (ROOT / name).read_text())
    for page, anchor in found:
        assert f'id="{anchor}"' in (site / f"{page}.html").read_text(), f"{name}: {page}.md#{anchor}"


@pytest.mark.parametrize("status", sorted(HTTPStatus))
def test_an_error_of_the_fleet_leads_to_a_part_that_is_there(status: HTTPStatus, site: Path) -> None:
    page = (site / "symptoms.html").read_text()
    for mismatch in (False, True):
        named = explained(ErrorAnswer(status, "why"), "docs", mismatch=mismatch).text.splitlines()[1:]
        for line in named:
            assert f'id="{line.removeprefix("help: docs/symptoms.md#")}"' in page


def test_each_kind_of_dead_end_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<p id=here><a href='#here'></a><a href='#gone'></a><a href='b.html'></a><a href='https://example.com'></a>"
        "<script src='https://example.com/x.js'></script>"
    )
    assert dead_ends(tmp_path) == [
        "a.html loads https://example.com/x.js",
        "a.html: #gone: there is no such anchor",
        "a.html: b.html leads nowhere",
    ]
