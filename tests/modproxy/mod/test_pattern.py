"""Patterns: the same matches as GOPRIVATE's."""

import pytest

from modproxy.mod.pattern import (
    LONGEST_PATTERN,
    LONGEST_TEXT,
    MOST_LINES,
    PatternError,
    first_match,
    parse_lines,
    parse_pattern,
)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("github.com/acme", "github.com/acme", True),
        ("github.com/acme", "github.com/acme/x/y", True),
        ("github.com/acme/", "github.com/acme/x", True),
        ("github.com/acme", "github.com/acmecorp", False),
        ("github.com/acme", "github.com", False),
        ("github.com/acme/x", "github.com/acme", False),
        ("*.corp.example.com", "git.corp.example.com/a/b", True),
        ("*.corp.example.com", "corp.example.com/a", False),
        ("*", "example.com/a/b", True),
        ("*/*", "example.com", False),
        ("example.com/*/x", "example.com/a/x/y", True),
        ("example.com/*/x", "example.com/a/b/x", False),
        ("example.com/v[12]", "example.com/v2", True),
        ("example.com/v[^12]", "example.com/v2", False),
        ("example.com/[a-c]?z", "example.com/b1z", True),
        ("example.com/\\*", "example.com/*", True),
        ("example.com/\\*", "example.com/a", False),
        ("example.com/[\\]]", "example.com/]", True),
        ("example.com/a.b", "example.com/aXb", False),
        ("example.com/[[]", "example.com/[", True),
        ("*a*b", "xaxaxb", True),
        ("*a*b", "xaxax", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*ab*ab", "abab", True),
        ("*ab*ab", "aab", False),
        ("**a", "a", True),
        ("*a/b*c", "xa/bxc", True),
        ("*a/b*c", "xa/xbxc", False),
        ("*[ab]?c*", "zabcz", True),
        ("***a***b**", "xaxbx", True),
        ("***a***b**", "xbxa", False),
    ],
)
def test_matches(pattern: str, path: str, matches: bool) -> None:
    assert parse_pattern(pattern).matches(path) is matches


def test_a_pattern_of_many_stars_says_no_at_once() -> None:
    assert not parse_pattern("*a" * 100 + "b").matches("a" * 500)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("/", "empty"),
        ("a b", "white space"),
        ("a,b", "comma"),
        ("/a", "slash"),
        ("a//b", "slash"),
        ("https://github.com/acme", "URL"),
        ("a/[", "]"),
        ("a/[]", "bare"),
        ("a/[b-]", "bare"),
        ("a/[z-a]", "range"),
        ("a\\", "backslash"),
        ("a/[b", "]"),
        ("[a-b]" * 200_000, "has 1000000 characters"),
        ("x" * (LONGEST_PATTERN + 1), "at most 256"),
    ],
)
def test_refused(text: str, words: str) -> None:
    with pytest.raises(PatternError) as caught:
        parse_pattern(text)
    assert words in str(caught.value)


def test_first_match_names_the_rule() -> None:
    patterns = [parse_pattern("example.com/a"), parse_pattern("example.com")]
    assert (found := first_match(patterns, "example.com/b")) and found.text == "example.com"
    assert first_match(patterns, "example.org/b") is None


def test_lines() -> None:
    assert [p.text for p in parse_lines("# ours\n\n a.com/x # why\nb.com\r\n")] == ["a.com/x", "b.com"]
    with pytest.raises(PatternError, match="line 2"):
        parse_lines("a.com\na b\n")


@pytest.mark.parametrize("separator", ["\n", "\r", "\u2028", "\n\n"], ids=ascii)
def test_so_many_lines(separator: str) -> None:
    most = separator.join(["a.example.com"] * (MOST_LINES // len(separator)))
    assert len(parse_lines(most)) == MOST_LINES // len(separator)
    with pytest.raises(PatternError, match=f"more than {MOST_LINES} lines"):
        parse_lines(most + separator + "a.example.com" + separator + "a.example.com")


def test_a_text_and_each_of_its_patterns_have_a_longest_length() -> None:
    longest = "x" * LONGEST_PATTERN
    assert [p.text for p in parse_lines(f"{longest} # {longest}")] == [longest]
    with pytest.raises(PatternError, match=r"line 2: 'xxx.* has 257 characters") as caught:
        parse_lines(f"a.com\n{longest}x")
    assert len(str(caught.value)) < 200
    assert parse_lines("#" * LONGEST_TEXT) == ()
    with pytest.raises(PatternError, match=f"more than {LONGEST_TEXT} characters"):
        parse_lines("#" * LONGEST_TEXT + "\n")
