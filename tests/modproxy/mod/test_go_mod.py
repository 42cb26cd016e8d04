"""go.mod files: what they name, as golang.org/x/mod/modfile reads them."""

import pytest

from modproxy.mod.go_mod import GoModError, is_folder, parse_go_mod

WHOLE = """// Deprecated: not really.
module "example.com/me" // a comment

go 1.24.0
toolchain go1.24.3
godebug default=go1.21
tool example.com/t/cmd
ignore ./node_modules

require example.com/a v1.0.0
require (
	example.com/b/v2 v2.1.0 // indirect
	`example.com/c` "v0.0.0-20240101000000-abcdefabcdef"

	// a comment on its own line
	gopkg.in/yaml.v3 v3.0.1//no blank before it
	example.com/d v3.0.0+incompatible
)
require ()
exclude example.com/a v1.0.0
replace (
	example.com/b/v2 => ../b
	example.com/c v0.0.0-20240101000000-abcdefabcdef => example.com/fork/c v1.0.0
)
retract [v1.0.0, v1.1.0] // why
future directive of a newer go
"""


def test_a_whole_file() -> None:
    found = parse_go_mod(WHOLE)
    assert [(one.line, one.path, one.version) for one in found.required] == [
        (10, "example.com/a", "v1.0.0"),
        (12, "example.com/b/v2", "v2.1.0"),
        (13, "example.com/c", "v0.0.0-20240101000000-abcdefabcdef"),
        (16, "gopkg.in/yaml.v3", "v3.0.1"),
        (17, "example.com/d", "v3.0.0+incompatible"),
    ]
    assert found.excluded == {("example.com/a", "v1.0.0")}
    b, c = (found.replacement(found.required[index]) for index in (1, 2))
    assert b is not None and b.by is None
    assert c is not None and (c.by, c.by_version) == ("example.com/fork/c", "v1.0.0")
    assert found.replacement(found.required[0]) is None


@pytest.mark.parametrize(
    ("line", "version"),
    [("require example.com/a v1", "v1.0.0"), ("require example.com/a v1.2", "v1.2.0"),
     ("require example.com/a v1.2.3+meta", "v1.2.3"), ("\trequire\t example.com/a  v1.2.3\r", "v1.2.3")],
)  # fmt: skip
def test_versions_become_canonical(line: str, version: str) -> None:
    assert parse_go_mod(f"module m.example\n{line}\n").required[0].version == version


def test_a_replacement_of_one_version_goes_before_one_of_all() -> None:
    text = "replace example.com/a => example.com/x v1.0.0\nreplace example.com/a v1.0.0 => example.com/y v1.0.0\n"
    found = parse_go_mod(f"module m.example\n{text}require example.com/a v1.0.0\nrequire example.com/a v1.1.0\n")
    replaced = [found.replacement(one) for one in found.required]
    assert [one.by for one in replaced if one is not None] == ["example.com/y", "example.com/x"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("require (\n\texample.com/a v1.0.0\n", 2, "no closing parenthesis"),
        ("require example.com/a\n", 2, "usage: require"),
        ("require example.com/a v1.0.0 v2.0.0\n", 2, "usage: require"),
        ("require example.com/a master\n", 2, "not a canonical version"),
        ("require example.com/a v2.0.0\n", 2, "the path needs the suffix /v2"),
        ("require nodot/a v1.0.0\n", 2, "missing dot"),
        ("\n/* a */\n", 3, "comments begin with //"),
        ('require "example.com/a v1.0.0\n', 2, "has no end on its line"),
        ("require `example.com/a v1.0.0\n", 2, "has no end on its line"),
        ('require "example.com/\\x61" v1.0.0\n', 2, "escape"),
        ('require ex"ample.com/a v1.0.0\n', 2, "quote"),
        ("require example.com/\x07a v1.0.0\n", 2, "unlawful character"),
        ("unknown (\n)\n", 2, "unknown block"),
        ("require (\n) v1\n", 3, "behind the closing parenthesis"),
        ("replace example.com/a => example.com/b\n", 2, "needs a version"),
        ("replace example.com/a => ../b v1.0.0\n", 2, "cannot have a version"),
        ("replace example.com/a v1.0.0\n", 2, "usage: replace"),
        ("replace => example.com/b v1.0.0\n", 2, "usage: replace"),
    ],
)
def test_faults_name_their_line(text: str, line: int, words: str) -> None:
    with pytest.raises(GoModError, match=words) as caught:
        parse_go_mod(f"module m.example\n{text}")
    assert caught.value.line == line


def test_a_file_needs_its_module_directive() -> None:
    with pytest.raises(GoModError, match="module directive"):
        parse_go_mod("go 1.21\n")


@pytest.mark.parametrize("path", [".", "..", "./a", "../a", "/a", "\\a", ".\\a", "C:\\a", "d:/a"])
def test_folders(path: str) -> None:
    assert is_folder(path)
    assert not is_folder(f"example.com/{path}")
