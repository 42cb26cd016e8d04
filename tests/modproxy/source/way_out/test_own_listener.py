"""Whether a URL is this replica's own listener."""

import pytest

from modproxy.contract.address import Address
from modproxy.source.way_out.own_listener import is_own_listener

LOCAL, ALL = [Address("127.0.0.1", 8080)], [Address("0.0.0.0", 8080)]


@pytest.mark.parametrize(
    ("url", "listeners", "own"),
    [
        ("http://127.0.0.1:8080", LOCAL, True),
        ("http://127.0.0.1:8080/go", LOCAL, True),
        ("http://localhost:8080", LOCAL, True),
        ("http://127.0.0.1:8081", LOCAL, False),
        ("http://127.0.0.2:8080", LOCAL, False),
        ("http://127.0.0.2:8080", ALL, True),
        ("http://192.0.2.1:8080", ALL, False),
        ("http://nobody.invalid:8080", ALL, False),
        ("http://127.0.0.1", [Address("127.0.0.1", 80)], True),
        ("https://127.0.0.1", [Address("127.0.0.1", 443)], True),
        ("http://127.0.0.1:8080", [], False),
    ],
)
async def test_own_listeners(url: str, listeners: list[Address], own: bool) -> None:
    assert await is_own_listener(url, listeners) is own
