"""Which places a probe asks: those of the config, and of a module the host alone."""

from __future__ import annotations

import pytest

from modproxy.layout import Layout
from modproxy.mod.chain import parse_chain
from modproxy.mod.pattern import parse_pattern
from modproxy.mod.sumdb import parse_gosumdb
from modproxy.source.probing import places_of


def layout(goproxy: str, *, parent: str = "", sumdb: str = "off") -> Layout:
    private = (parse_pattern("git.example.com/*"),)
    return Layout(parse_chain(goproxy), private, private, parse_gosumdb(sumdb), parent, "", ())


UPSTREAM = ("upstream", "https://a.example.com", None)


@pytest.mark.parametrize(
    ("of", "module", "places"),
    [
        (layout("https://a.example.com,off"), "example.com/m", [UPSTREAM]),
        (layout("https://a.example.com,direct"), "", [UPSTREAM]),
        (
            layout("https://a.example.com,direct"),
            "example.com/m/sub",
            [UPSTREAM, ("versionControl", "https://example.com", None)],
        ),
        (
            layout("https://a.example.com"),
            "git.example.com/x/y",
            [UPSTREAM, ("versionControl", "https://git.example.com", None)],
        ),
        (layout("file:///srv/modules,off"), "", []),
        (
            layout("off", parent="https://p.example.com", sumdb="sum.golang.org"),
            "",
            [("parent", "https://p.example.com", None), ("checksumDatabase", "https://sum.golang.org", None)],
        ),
    ],
)
def test_places(of: Layout, module: str, places: list[object]) -> None:
    assert places_of(of, module) == places
