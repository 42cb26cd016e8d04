"""Where in a store modules can be that match, and which modules files are of."""

import pytest

from modproxy.bucket.depot import Listed
from modproxy.mod.pattern import parse_pattern
from modproxy.sync.elsewhere import modules_of, prefixes


@pytest.mark.parametrize(
    ("patterns", "wanted"),
    [
        (["git.example.com/Platform"], ["git.example.com/!platform"]),
        (["git.example.com", "git.example.com/lib", "git.example.com.net"], ["git.example.com", "git.example.com.net"]),
        (["git.example.com/*/lib"], ["git.example.com"]),
        (["a.example.com", "*.example.com"], [""]),
        ([], []),
    ],
)
def test_prefixes(patterns: list[str], wanted: list[str]) -> None:
    assert prefixes(map(parse_pattern, patterns)) == wanted


def test_modules_of_files() -> None:
    keys = (
        "example.com/!lib/@v/v1.0.0.info", "example.com/!lib/@v/v1.0.0.mod", "example.com/other/@latest",
        "example.net/lib/@v/list", "example.com/Bad/@v/list", "sumdb/example.com/tile/8/0/000",
        ".modproxy/claims/example.com/x/@v/v1.0.0", "hosted/example.com/y/@v/v1.0.0.info",
    )  # fmt: skip
    found = modules_of([Listed(key, 1, 0.0) for key in keys], [parse_pattern("example.com")])
    assert found == {"example.com/Lib"}
