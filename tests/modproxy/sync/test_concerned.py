"""Which modules and versions a push concerns."""

import pytest

from modproxy.fleet.known_module import KnownModule
from modproxy.mod.path import check_path
from modproxy.mod.pattern import parse_pattern
from modproxy.sync.concerned import MOST_HINTS, Hint, concerned
from modproxy.sync.events import Push, RefChange

HOST = "git.example.com"


def known(*paths: str) -> list[KnownModule]:
    return [KnownModule(check_path(path)) for path in paths]


def hints(
    tag: str, modules: list[KnownModule], *patterns: str, place: str = "platform/lib", branch: bool = False
) -> set[str]:
    push = Push((place,), (RefChange(tag, tag=not branch),))
    found = concerned(push, modules, [parse_pattern(one) for one in patterns or (HOST,)])
    return {_shown(one) for one in found}


def _shown(hint: Hint) -> str:
    return f"{hint.path}@{hint.version or ''}{f' {hint.query}' if hint.query else ''}{'' if hint.known else ' ?'}"


LIB = f"{HOST}/platform/lib"


@pytest.mark.parametrize(
    ("tag", "modules", "wanted"),
    [
        ("v1.2.3", [], {f"{LIB}@v1.2.3 ?"}),
        ("v1.2.3", [LIB], {f"{LIB}@v1.2.3"}),
        ("v2.0.0", [LIB], {f"{LIB}@", f"{LIB}/v2@v2.0.0 ?"}),
        ("v2.1.0", [LIB, f"{LIB}/v2"], {f"{LIB}@", f"{LIB}/v2@v2.1.0"}),
        ("v3.0.0", [f"{LIB}/v2"], {f"{LIB}/v3@v3.0.0 ?"}),
        ("sub/v1.0.0", [LIB], {f"{LIB}/sub@v1.0.0 ?"}),
        ("sub/v1.0.0", [LIB, f"{LIB}/sub", f"{LIB}/other"], {f"{LIB}/sub@v1.0.0"}),
        ("sub/dir/v2.0.0", [f"{LIB}/sub/dir/v2"], {f"{LIB}/sub/dir/v2@v2.0.0"}),
        ("v1.2.3", [f"{LIB}/sub", f"{LIB}2", f"{HOST}/platform"], {f"{LIB}@v1.2.3 ?"}),
        ("v1.2.3", [f"{HOST}/Platform/Lib"], {f"{HOST}/Platform/Lib@v1.2.3", f"{LIB}@v1.2.3 ?"}),
        ("v1.2.3", [f"{LIB}.git"], {f"{LIB}.git@v1.2.3", f"{LIB}@v1.2.3 ?"}),
        ("release-1", [LIB], set()),
        ("v1.2", [LIB], set()),
        ("v1.2.3+meta", [LIB], set()),
        ("v2.0.0+incompatible", [LIB], set()),
        ("sub/", [LIB], set()),
    ],
)
def test_tags(tag: str, modules: list[str], wanted: set[str]) -> None:
    assert hints(tag, known(*modules)) == wanted


def test_only_what_the_patterns_name_is_concerned() -> None:
    elsewhere = known("other.example.com/platform/lib", LIB)
    assert hints("v1.2.3", elsewhere, "other.example.com") == {"other.example.com/platform/lib@v1.2.3"}
    assert hints("v1.2.3", known(LIB), f"{HOST}/elsewhere") == set()
    # A glob for hosts makes no host up, whatever a payload says.
    assert hints("v1.2.3", [], "*.example.com") == set()
    assert hints("v1.2.3", known(LIB), "*.example.com") == {f"{LIB}@v1.2.3"}
    assert hints("v1.2.3", [], f"{LIB}.git") == {f"{LIB}.git@v1.2.3 ?"}


def test_a_vanity_path_is_found_by_its_origin() -> None:
    vanity = KnownModule(check_path("go.example.com/lib"), "platform/lib")
    sub = KnownModule(check_path("go.example.com/lib/sub/v2"), "platform/lib", "sub/v2")
    v2 = KnownModule(check_path("go.example.com/lib/v2"), "platform/lib", "v2")
    dotted = KnownModule(check_path("gopkg.in/lib.v3"), "platform/lib")
    everywhere = ("go.example.com", "gopkg.in")
    found = hints("v1.2.3", [vanity, sub], *everywhere)
    assert found == {"go.example.com/lib@v1.2.3", "go.example.com/platform/lib@v1.2.3 ?"}
    assert "go.example.com/lib/sub/v2@v2.0.0" in hints("sub/v2.0.0", [vanity, sub], *everywhere)
    assert "go.example.com/lib/v2@v2.0.0" in hints("v2.0.0", [vanity, v2], *everywhere)
    assert "gopkg.in/lib.v3@v3.1.0" in hints("v3.1.0", [dotted], *everywhere)


def test_branches_and_deleted_tags() -> None:
    modules = known(LIB, f"{LIB}/sub")
    assert hints("main", modules, branch=True) == {f"{LIB}@ main", f"{LIB}/sub@ main"}
    assert hints("feature/x", modules, branch=True) == {f"{LIB}@", f"{LIB}/sub@"}
    assert hints("v1.0.0", modules, branch=True) == {f"{LIB}@", f"{LIB}/sub@"}
    gone = Push(("platform/lib",), (RefChange("v1.0.0", tag=True, deleted=True),))
    assert concerned(gone, modules, [parse_pattern(HOST)]) == ()


def test_the_number_of_hints_is_bounded() -> None:
    changes = tuple(RefChange(f"v1.0.{number}", tag=True) for number in range(2 * MOST_HINTS))
    found = concerned(Push(("platform/lib",), changes), known(LIB), [parse_pattern(HOST)])
    assert len(found) == MOST_HINTS
