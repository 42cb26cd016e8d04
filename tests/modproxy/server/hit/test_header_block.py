"""Which header blocks leave the answer alone."""

import math

import pytest

from modproxy.contract.config import AccessConfig
from modproxy.identity.presented import Everybody
from modproxy.identity.principal import ANONYMOUS, AuthMethod, Principal
from modproxy.policy.permissions import Permissions
from modproxy.server.hit.header_block import HeaderBlocks

GO = b"Host: proxy.example.com\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n"


def block(*lines: str) -> bytes:
    return "\r\n".join(["Host: x", *lines, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    "simple",
    [
        GO,
        block(),
        block("X-Request-Id: 1", "traceparent: 00-1-2-01"),
        block("Authorization: Basic eDp5", "Cookie: a=b", "Accept: */*", "Cache-Control: no-cache"),
        block("x:", "Y:\t z \t"),
        b"hOsT: x\r\n\r\n",
        b"Host: [::1]:8080\r\n\r\n",
        b"Host:127.0.0.1:80\r\n\r\n",
        b"X: y\r\nHost: x \r\n\r\n",
    ],
)
def test_simple_blocks(simple: bytes) -> None:
    blocks = HeaderBlocks((), Everybody(), Permissions(None))
    for known in (False, False, True):
        assert (simple in blocks.known) is known
        asker = blocks.asker_of(simple)
        assert asker is not None and asker.caller.principal is ANONYMOUS and asker.caller.may_read("example.com/m")


@pytest.mark.parametrize(
    "odd",
    [
        *(block(f"{name}: x") for name in (
            "Range", "If-Range", "If-None-Match", "If-Match", "If-Modified-Since", "if-unmodified-since",
            "Content-Length", "content-type", "CONTENT-ENCODING", "Transfer-Encoding", "Trailer", "TE",
            "Connection", "Proxy-Connection", "Keep-Alive", "Upgrade", "HTTP2-Settings", "Expect",
            "Sec-WebSocket-Key1", "Via", "Disable-Module-Fetch", "Host", "host",
        )),
        b"", b"\r\n", b"\r\n\r\n", b"X: y\r\n\r\n", b"Host:\r\n\r\n", b"Host: \r\n\r\n", b"Host: a b\r\n\r\n",
        b"Host: -\r\n\r\n", b"Host: x:y\r\n\r\n", b"Host: x/\r\n\r\n", b"Host: a@b\r\n\r\n", b"Host: x,y\r\n\r\n",
        b"Host: [::1\r\n\r\n", b"Host: x:123456\r\n\r\n", b"Host : x\r\n\r\n", b" Host: x\r\n\r\n",
        block("Content-Length : 5"), block("X\t: y"), block(" folded"), block("\tfolded"), block("nothing"),
        block(": y"),
        block("X: a\rb"), block("X: a\nb"), block("X: a\0"), block("X: \x7f"), block("X: \xe9"), block("X\xe9: y"),
        block("X: y", "x: y"), block("(: y"), block("a b: y"),
        block("X: y")[:-2], block("X: y")[:-1], block("X: y") + b"\r\n", block("X: y") + b"GET", block() + block(),
        block("X: " + "y" * 3000), block("X: " + "y" * 1700), block(*(f"X-{n}: y" for n in range(50))),
    ],
)  # fmt: skip
def test_blocks_that_are_left_to_aiohttp(odd: bytes) -> None:
    blocks = HeaderBlocks((), Everybody(), Permissions(None))
    for _ in range(3):
        assert blocks.asker_of(odd) is None
    assert not blocks.known


@pytest.mark.parametrize(
    ("host", "ours"),
    [("x", True), ("X:80", True), ("x.", True), ("[::1]:80", True), ("y", False), ("x.y", False), ("[::2]", False)],
)
def test_the_host_is_one_of_the_config(host: str, ours: bool) -> None:
    blocks = HeaderBlocks(frozenset({"x", "::1"}), Everybody(), Permissions(None))
    for _ in range(3):
        assert (blocks.asker_of(f"Host: {host}\r\n\r\n".encode()) is not None) is ours


def test_the_memory_is_bounded() -> None:
    blocks = HeaderBlocks((), Everybody(), Permissions(None))
    for number in range(3000):
        for _ in range(2):
            blocks.asker_of(block(f"Authorization: {number}"))
    assert len(blocks.known) == 1024
    assert len(blocks._lines) <= 1024
    assert block("Authorization: 2999") in blocks.known


class ManyNames(Everybody):
    """Takes the header for the name of a user, whose team is its first character."""

    def __init__(self) -> None:
        super().__init__()
        self.headers = frozenset({"authorization"})

    def remembered(self, authorization: str) -> tuple[Principal, float] | None:
        return Principal(authorization, frozenset({authorization[0]}), method=AuthMethod.BASIC), math.inf


def test_callers_with_the_same_rights_share_what_is_remembered_of_them() -> None:
    """A client may have many names, and read thousands of modules with each."""
    rules = [{"groups": [team], "modules": [f"{team}.example.com"], "verbs": ["read"]} for team in "ab"]
    blocks = HeaderBlocks((), ManyNames(), Permissions(AccessConfig.model_validate({"rules": rules})))
    shared = set()
    for number in range(600):
        team = "ab"[number % 2]
        asker = blocks.asker_of(block(f"Authorization: {team}{number}"))
        assert asker is not None
        assert [asker.caller.may_read(f"{one}.example.com") for one in "ab"] == [one == team for one in "ab"]
        assert asker.caller.readable == {f"{team}.example.com"}
        shared.add(id(asker.caller.readable))
    assert len(shared) == 2


def test_who_asks_by_the_headers_of_a_proxy_is_left_to_the_handler() -> None:
    identities = ManyNames()
    identities.headers |= {"x-forwarded-user"}
    blocks = HeaderBlocks((), identities, Permissions(None))
    for _ in range(3):
        assert blocks.asker_of(block("Authorization: a1", "X-Forwarded-User: eve")) is None
        assert blocks.asker_of(block("x-forwarded-user: eve")) is None
        assert blocks.asker_of(block("Authorization: a1")) is not None
