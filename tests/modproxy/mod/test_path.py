"""Module paths: tables of accepted and refused. The rules are those of golang.org/x/mod/module."""

import random

import pytest

from modproxy.mod.path import (
    PathError,
    check_path,
    escape,
    file_element_fault,
    file_path_fault,
    split_major,
    unescape,
)

ACCEPTED = [
    "example.com/m",
    "golang.org/x/mod",
    "github.com/BurntSushi/toml",
    "k8s.io/api",
    "example.com",
    "example.com/a_b/c-d~e.f",
    "example.com/m/v2",
    "example.com/m/v10",
    "example.com/v2/m",
    "gopkg.in/yaml.v3",
    "gopkg.in/yaml.v0",
    "gopkg.in/user/pkg.v1",
    "gopkg.in/check.v1-unstable",
    "example.com/m~x",
    "example.com/conx",
    "0.example.com/m",
    "example.com/x..y",
]

REFUSED = [
    ("", "empty"),
    ("/example.com/m", "leading slash"),
    ("example.com/m/", "trailing slash"),
    ("example.com//m", "empty path element"),
    ("-example.com/m", "leading dash"),
    ("example/m", "dot"),
    ("Example.com/m", "first path element"),
    ("exam_ple.com/m", "first path element"),
    ("example.com/.m", "leading dot"),
    ("example.com/m.", "trailing dot"),
    ("example.com/..", "dot"),
    ("example.com/./m", "dot"),
    ("example.com/a b", "invalid character"),
    ("example.com/a+b", "invalid character"),
    ("example.com/a@b", "invalid character"),
    ("example.com/a!b", "invalid character"),
    ("example.com/ä", "invalid character"),
    ("example.com/a\nb", "invalid character"),
    ("example.com/a\n", "invalid character"),
    ("example.com/a\x00b", "invalid character"),
    ("example.com/con", "Windows"),
    ("example.com/NUL.txt", "Windows"),
    ("example.com/com1", "Windows"),
    ("example.com/m~1", "tilde"),
    ("example.com/m~12.x", "tilde"),
    ("example.com/m/v0", "major"),
    ("example.com/m/v1", "major"),
    ("example.com/m/v02", "major"),
    ("example.com/m/v1.2", "major"),
    ("gopkg.in/yaml", "major"),
    ("gopkg.in/yaml.v01", "major"),
    ("gopkg.in/yaml.v", "major"),
    ("example.com/" + "A" * 101, "longer"),
]


@pytest.mark.parametrize("path", ACCEPTED)
def test_accepted(path: str) -> None:
    assert check_path(path) == path
    assert unescape(escape(path)) == path


@pytest.mark.parametrize(("path", "rule"), REFUSED)
def test_refused(path: str, rule: str) -> None:
    with pytest.raises(PathError) as caught:
        check_path(path)
    assert rule in str(caught.value)


@pytest.mark.parametrize(
    ("plain", "escaped"), [("github.com/Azure/SDK", "github.com/!azure/!s!d!k"), ("v1.0.0-RC1", "v1.0.0-!r!c1")]
)
def test_escape(plain: str, escaped: str) -> None:
    assert escape(plain) == escaped
    assert unescape(escaped) == plain


@pytest.mark.parametrize("escaped", ["A", "!", "a!", "!!a", "!A", "!1", "!é", "é"])
def test_what_escape_never_writes(escaped: str) -> None:
    with pytest.raises(PathError):
        unescape(escaped)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("example.com/m", ("example.com/m", "")),
        ("example.com/m/v3", ("example.com/m", "/v3")),
        ("example.com/v3x", ("example.com/v3x", "")),
        ("gopkg.in/yaml.v3", ("gopkg.in/yaml", ".v3")),
        ("gopkg.in/c.v2-unstable", ("gopkg.in/c", ".v2-unstable")),
        ("example.com/m/v1", None),
    ],
)
def test_split_major(path: str, expected: tuple[str, str] | None) -> None:
    assert split_major(path) == expected


@pytest.mark.parametrize("name", ["a.go", "vendor/modules.txt", "x y/ä.txt", "a!b", ".hidden", "(x)", "日本.go", "a~1"])
def test_file_names_accepted(name: str) -> None:
    assert file_path_fault(name) is None


@pytest.mark.parametrize(
    "name",
    ["", "/a", "a/", "a//b", "..", "a/../b", ".", "a.", "nul", "a:b", "a*b", 'a"b', "a|b", "a\\b", "a\x01", "a\u2019b"],
)
def test_file_names_refused(name: str) -> None:
    assert file_path_fault(name)


def test_a_file_name_is_as_lawful_as_its_elements() -> None:
    chance = random.Random(5)
    elements = ["a", ".", "..", "a.", ".a", "", "con", "CON.txt", "Lpt1", "lpt0", "console", "nul ", "a b", "~1", "x~1",
                "é", "a\\b", "a:b", "[x]", "@", "a\n", "aux.", "com1.go", "com1x", "-", "#!", "a*"]  # fmt: skip
    for _ in range(5000):
        path = "/".join(chance.choice(elements) for _ in range(chance.randint(1, 4)))
        faults = [file_element_fault(element) for element in path.split("/")] if path else ["empty name"]
        assert file_path_fault(path) == next((fault for fault in faults if fault), None)
