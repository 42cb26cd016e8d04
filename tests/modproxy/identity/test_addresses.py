"""The addresses of peers."""

import pytest

from modproxy.identity.addresses import block_of, is_within, parse_peer, parse_ranges


@pytest.mark.parametrize(
    ("peer", "ranges", "within"),
    [
        ("10.1.2.3", ["10.1.0.0/16"], True),
        ("10.2.2.3", ["10.1.0.0/16"], False),
        ("::ffff:10.1.2.3", ["10.1.0.0/16"], True),
        ("::ffff:10.2.2.3", ["10.1.0.0/16"], False),
        ("10.1.2.3", ["::ffff:10.1.0.0/112"], True),
        ("10.2.2.3", ["::ffff:10.1.0.0/112"], False),
        ("10.2.2.3", ["fd00::/8", "10.2.2.3"], True),
        ("fd00::1%eth0", ["fd00::/8"], True),
        ("fe00::1", ["fd00::/8"], False),
        ("::10.1.2.3", ["10.1.0.0/16"], False),
        ("10.1.2.3", ["::/0"], False),
        ("fd00::1", ["0.0.0.0/0"], False),
        ("", ["0.0.0.0/0", "::/0"], False),
        ("10.1.2.3:80", ["10.1.0.0/16"], False),
        ("localhost", ["0.0.0.0/0"], False),
    ],
)
def test_an_address_in_ranges(peer: str, ranges: list[str], within: bool) -> None:
    assert is_within(parse_peer(peer), parse_ranges(ranges)) == within


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.1.2.3", "::ffff:10.1.2.3", True),
        ("10.1.2.3", "10.1.2.4", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
def test_the_block_of_an_address(one: str, other: str, same: bool) -> None:
    assert (block_of(one) == block_of(other)) == same
