"""Patterns of URLs: which URLs each matches, which of several counts, and what is no pattern."""

from dataclasses import dataclass

import pytest

from modproxy.mod.pattern import PatternError
from modproxy.mod.url_pattern import UrlPattern, longest_first, parse_base_url, parse_url_pattern


@pytest.mark.parametrize(
    ("pattern", "url", "rest"),
    [
        ("git.example.com", "https://git.example.com/team/lib.git", "team/lib.git"),
        ("git.example.com", "https://GIT.example.com:8443/team/lib", "team/lib"),
        ("git.example.com", "ssh://alice@git.example.com:7999/team/lib.git", "team/lib.git"),
        ("git.example.com", "https://git.example.com", ""),
        ("git.example.com", "https://agit.example.com/team", None),
        ("git.example.com", "https://git.example.com.evil.example/team", None),
        ("git.example.com", "https://evil.example/git.example.com", None),
        ("git.example.com", "https://git.example.com@evil.example/", None),
        ("git.example.com:8443", "https://git.example.com:8443/team", "team"),
        ("git.example.com:8443", "https://git.example.com/team", None),
        ("git.example.com:443", "https://git.example.com/team", "team"),
        ("git.example.com:22/team", "ssh://git@git.example.com/team/lib", "lib"),
        ("git.example.com/team", "https://git.example.com/team/lib?go-get=1", "lib"),
        ("git.example.com/team", "https://git.example.com/team-b/lib", None),
        ("git.example.com/team/", "https://git.example.com/team/", ""),
        ("git.example.com/team/lib", "https://git.example.com/team/lib.git", ""),
        ("git.example.com/team/lib.git", "https://git.example.com/team/lib.git", ""),
        ("git.example.com/team/lib.git", "https://git.example.com/team/lib", ""),
        ("git.example.com/team/lib.git", "https://git.example.com/team/library", None),
        ("x.git", "https://x.git/team", "team"),
        ("x.git", "https://x/team", None),
        ("git.example.com/team/lib", "https://git.example.com/team/lib.gitx", None),
        ("*.example.com/team-?", "https://git.example.com/team-a/lib", "lib"),
        ("*.example.com/team-?", "https://git.example.com/team-ab/lib", None),
        ("git.example.com/v[0-9]/*/lib", "https://git.example.com/v2/x/lib.git", ""),
        ("*", "https://anything.example.com/x", "x"),
        ("git.example.com", "https://git.example.com:port/x", None),
        ("git.example.com", "not a url", None),
    ],
)
def test_what_a_pattern_matches(pattern: str, url: str, rest: str | None) -> None:
    assert parse_url_pattern(pattern).rest(url) == rest


@dataclass(frozen=True)
class Entry:
    pattern: UrlPattern


@pytest.mark.parametrize(
    ("url", "order"),
    [
        ("https://git.example.com/team/lib.git", ["git.example.com/team/lib", "*.example.com/team/*",
                                                  "git.example.com:443", "git.example.com", "*.example.com", "*"]),
        ("https://git.example.com:8443/other", ["git.example.com", "*.example.com", "*"]),
        ("https://elsewhere.example.org/", ["*"]),
    ],
)  # fmt: skip
def test_the_longest_pattern_comes_first(url: str, order: list[str]) -> None:
    texts = ["*", "git.example.com", "*.example.com", "*.example.com/team/*", "git.example.com:443",
             "git.example.com/team/lib"]  # fmt: skip
    assert [entry.pattern.text for entry in longest_first([Entry(parse_url_pattern(t)) for t in texts], url)] == order


@pytest.mark.parametrize(
    "text",
    ["", "/", "Git.example.com", "https://git.example.com", "git@git.example.com", "git.example.com:", "a:0", "a:65536",
     "a//b", "/a", 'a"]', "a\n", "a b", "a;b", "a$b", "a`b`", "a'b", "a#b", "a\\b", "a(b)", "a|b", "a/[",
     "[z-a].b", "a,b"],
)  # fmt: skip
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(PatternError):
        parse_url_pattern(text)


@pytest.mark.parametrize("text", ["ssh://git@git.example.com:7999/", "https://git.example.com/a/b", "ssh://h"])
def test_a_base(text: str) -> None:
    assert parse_base_url(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "http://git.example.com", "https://u@h/", "https://u:p@h/", "ssh://u:p@h/", "ssh://-oProxyCommand=x/",
     "ssh://-u@h/", "ext::sh -c id", "file:///etc", "ssh://h/-x", "git@h:x", "https://h/?x", "https://h/ x"],
)  # fmt: skip
def test_what_is_no_base(text: str) -> None:
    with pytest.raises(ValueError, match="is no base of repositories"):
        parse_base_url(text)
