"""The files that go.mod and go.sum files name."""

import pytest

from modproxy.mod.target import Kind
from modproxy.mod.wanted import MOST_VERSIONS, WHOLE, Skipped, Wanted, WantedError, read_wanted

A, B, C = ("h1:" + letter * 43 + "=" for letter in "abc")


def test_a_go_sum() -> None:
    text = (
        f"example.com/a v1.0.0 {A}\nexample.com/a v1.0.0/go.mod {B}\n\n"
        f"example.com/b v1.0.0/go.mod {C}\r\nexample.com/c v1.0.0 h2:other\n"
        "example.com/d v1.0.0/go.mod h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=\n"
        f"example.com/a v1.0.0 {A}\n"
    )
    found = read_wanted(text.encode())
    assert (found.source, found.files) == ("go.sum", 4)
    a = Wanted(found.wanted[0].path, found.wanted[0].version, WHOLE, B, A)
    b = Wanted(found.wanted[1].path, found.wanted[1].version, (Kind.MOD,), C, "")
    assert found.wanted == (a, b)
    assert [(one.path, one.version) for one in found.wanted] == [
        ("example.com/a", "v1.0.0"),
        ("example.com/b", "v1.0.0"),
    ]


def test_a_go_mod() -> None:
    text = (
        "\ufeffmodule example.com/me\nrequire example.com/a v1.0.0\nrequire example.com/b v1.0.0\n"
        "require example.com/c v1.0.0\nrequire example.com/d v1.0.0\nrequire example.com/a v1.0.0\n"
        "replace example.com/b => ./b\nreplace example.com/c => example.com/fork v1.2.3\nexclude example.com/d v1.0.0\n"
    )
    found = read_wanted(text.encode())
    assert (found.source, found.files) == ("go.mod", 6)
    assert [(one.path, one.version) for one in found.wanted] == [
        ("example.com/a", "v1.0.0"), ("example.com/fork", "v1.2.3")
    ]  # fmt: skip
    assert found.skipped == (
        Skipped("example.com/b", "v1.0.0", "a replace directive takes a folder instead"),
        Skipped("example.com/d", "v1.0.0", "an exclude directive names this version"),
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\xff\xfe", "UTF-8"),
        (b"hello world\n", "line 1: .*module directive.*read as a go.mod"),
        (f"example.com/a v1.0.0 {A}\nexample.com/a v1.0.0\n".encode(), "line 2: it has 2 words"),
        (f"example.com/a v1.0.0 {A}\n<<<<<<< HEAD\n".encode(), "line 2: .*conflict"),
        (f"example.com/a v1.0.0 {A}\nexample.com/a v1.0.0 {B}\n".encode(), "line 2: .*two hashes"),
        (f"example.com/a v1 {A}\n".encode(), "line 1: .*canonical"),
        (f"Example.com/a v1.0.0 {A}\n".encode(), "line 1: malformed module path"),
        ("".join(f"example.com/a v1.0.{n} {A}\n" for n in range(MOST_VERSIONS + 1)).encode(), "10000 is the most"),
    ],
)
def test_what_names_no_modules(body: bytes, words: str) -> None:
    with pytest.raises(WantedError, match=words):
        read_wanted(body)
