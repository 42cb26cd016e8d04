"""The parts of the pages: markup, colours, words, the walk of the disk, the memory of refusals."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modproxy.contract.config import AccessConfig, RuleConfig, Verb
from modproxy.identity.principal import ANONYMOUS, AuthMethod, Principal
from modproxy.mod.path import check_path
from modproxy.mod.target import Kind, parse_target
from modproxy.policy.decision import RuleKind, RuleRefusal
from modproxy.policy.permissions import Permissions
from modproxy.server.page.index import ModuleIndex, walk_modules
from modproxy.server.page.markup import render, tag
from modproxy.server.page.style import DARK, LIGHT, PAIRS
from modproxy.server.page.words import ago, size
from modproxy.server.recent_refusals import RecentRefusals

ENOUGH = 4.5
"""WCAG 2.2, criterion 1.4.3 (AA)."""


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_each_text_can_be_read(scheme: dict[str, str], text: str, ground: str) -> None:
    light, dark = sorted((_luminance(scheme[text]), _luminance(scheme[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= ENOUGH


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_the_focus_can_be_seen(scheme: dict[str, str]) -> None:
    for ground in ("bg", "panel"):
        light, dark = sorted((_luminance(scheme["focus"]), _luminance(scheme[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3  # WCAG 2.2, criterion 1.4.11


@given(st.text())
def test_no_text_becomes_markup(text: str) -> None:
    written = render(tag("p", text, title=text))
    inside = written.removeprefix("<p").removesuffix("</p>")
    assert inside.count("<") == 0 and inside.count('"') == 2 and inside.count(">") == 1


@pytest.mark.parametrize("link", ["javascript:alert(1)", "//example.net/x", "https://example.net", "", "x"])
def test_no_link_leaves_the_site(link: str) -> None:
    with pytest.raises(ValueError, match="leads out of the site"):
        tag("a", "x", href=link)


def test_words_of_sizes_and_times() -> None:
    assert [size(n) for n in (0, 999, 1000, 999_600, 1_234_567, 10**17)] == [
        "0 bytes", "999 bytes", "1 kB", "1 MB", "1.23 MB", "100 PB",
    ]  # fmt: skip
    assert [ago(0, n) for n in (-5, 59, 60, 7200, 86400 * 3, 86400 * 400)] == [
        "just now", "just now", "1 minute ago", "2 hours ago", "3 days ago", "1 year ago",
    ]  # fmt: skip


def _tree(root: Path, *keys: str) -> None:
    for key in keys:
        file = root / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")


async def test_the_walk_finds_modules_and_nothing_else(tmp_path: Path) -> None:
    _tree(
        tmp_path, "example.com/m/@v/v1.0.0.info", "example.com/m/@v/v1.0.0.zip", "example.com/m/@v/v1.0.0.ziphash",
        "example.com/m/@v/main.info", "example.com/m/@v/list", "example.com/m/v2/@v/v2.0.0.mod",
        "github.com/!burnt!sushi/toml/@v/list", "sumdb/sum.example.com/x/@v/y", ".modproxy/a.b/@v/list",
        "NoPath/@v/list",
        "example.com/latest/@latest",
    )  # fmt: skip
    index = ModuleIndex(tmp_path)
    found = await index.modules()
    assert found.paths == ("example.com/m", "example.com/m/v2", "github.com/BurntSushi/toml") and found.whole
    versions, total = await index.versions(check_path("example.com/m"), 10)
    assert total == 1 and versions[0].kinds == {Kind.INFO, Kind.ZIP} and versions[0].size == 2
    assert await index.versions(check_path("example.com/none"), 10) == ([], 0)
    assert (await index.search("SUSHI", lambda _: True, 0, 10)).paths == ("github.com/BurntSushi/toml",)
    assert (await index.search("", lambda path: "m/v2" in path, 0, 10)).paths == ("example.com/m/v2",)
    first = await index.search("", lambda _: True, 0, 2)
    assert len(first.paths) == 2 and first.more
    second = await index.search("", lambda _: True, 1, 2)
    assert second.paths == ("github.com/BurntSushi/toml",) and not second.more
    index.close()


def test_a_walk_that_is_ended_says_that_it_is_not_whole(tmp_path: Path) -> None:
    _tree(tmp_path, "example.com/m/@v/list")
    assert not walk_modules(tmp_path, 60, lambda: True).whole
    assert not walk_modules(tmp_path, -1).whole


def _refusal(kind: RuleKind = RuleKind.MODULES, text: str = "forbidden\n") -> RuleRefusal:
    return RuleRefusal(kind, "a rule", text)


def test_refusals_are_bounded_and_the_busiest_gives_way() -> None:
    recent, everybody = RecentRefusals(), Permissions(None)
    quiet, loud = Principal("quiet", method=AuthMethod.BASIC), Principal("loud", method=AuthMethod.BASIC)
    recent.note(parse_target("example.com/quiet/@v/list"), _refusal(), quiet)
    for number in range(2000):
        recent.note(parse_target(f"example.com/n{number}/@v/list"), _refusal(), loud)
    shown = recent.shown_to(ANONYMOUS, everybody, 10_000)
    assert len(shown) == 500 and shown[0].module == "example.com/n1999" and shown[-1].module == "example.com/quiet"
    recent.note(parse_target("example.com/n1999/@v/list"), _refusal(), loud)
    assert recent.shown_to(ANONYMOUS, everybody, 1)[0].times == 2
    recent.note(None, _refusal(), loud)
    recent.note(parse_target(f"example.com/{'a' * 150}/{'b' * 150}/@v/list"), _refusal(), loud)
    assert recent.shown_to(ANONYMOUS, everybody, 1)[0].module == "example.com/n1999"


def test_a_refusal_is_shown_to_those_who_may_read_the_module() -> None:
    recent = RecentRefusals()
    rule = RuleConfig(users=("reader", "other"), modules=("example.com/open",), verbs=(Verb.READ,))
    permissions = Permissions(AccessConfig(rules=(rule,)))
    reader, other = (Principal(name, method=AuthMethod.BASIC) for name in ("reader", "other"))
    recent.note(parse_target("example.com/open/@v/list"), _refusal(), other)
    recent.note(parse_target("example.com/closed/@v/list"), _refusal(), reader)
    recent.note(parse_target("example.com/open/@v/v1.0.0.info"), _refusal(RuleKind.ACCESS, "other may not"), other)
    assert [one.version for one in recent.shown_to(reader, permissions, 9)] == [""]
    assert [one.version for one in recent.shown_to(other, permissions, 9)] == ["v1.0.0", ""]
