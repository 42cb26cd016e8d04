"""How URLs are compared with a list of a class."""

import pytest

from goproxy_operator.reconcile.decide.matching import is_at_or_below


@pytest.mark.parametrize(
    ("url", "allowed", "is_below"),
    [
        ("http://prom:9090/a", "http://prom:9090", True),
        ("http://prom:80", "http://prom", True),
        ("http://prom:9091", "http://prom:9090", False),
        ("http://prom:9090/../a", "http://prom:9090", False),
        ("http://prom:99999", "http://prom", False),
        ("http://prom:abc", "http://prom:abc", False),
        ("http://prom", "http://prom:99999", False),
        ("http://[::1", "http://prom", False),
    ],
)
def test_is_at_or_below(url: str, allowed: str, is_below: bool) -> None:
    assert is_at_or_below(url, allowed) is is_below
