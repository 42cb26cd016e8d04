"""Requests that cannot be read: what they carry is in no answer and no log, because it may be a credential."""

from __future__ import annotations

import asyncio

import pytest

from tests.modproxy.proxy_process import ProxyProcess
from tests.secrecy.registry import new_secret
from tests.secrecy.watch import WATCH

SECRET = new_secret("client")
LINE = b"GET /example.com/m/@v/list?token=%b HTTP/1.1\r\nHost: a\r\n" % SECRET.encode()


@pytest.mark.parametrize(
    "request_head",
    [
        LINE + b"Authorization: Bearer " + SECRET.encode() + b"x" * 100_000 + b"\r\n\r\n",
        LINE + b"Authorization: Basic " + SECRET.encode() + b"\x01\r\n\r\n",
        LINE + b"Authorization Basic " + SECRET.encode() + b"\r\n\r\n",
        LINE + b"Content-Length: " + SECRET.encode() + b"\r\n\r\n",
        LINE + b"Transfer-Encoding: " + SECRET.encode() + b"\r\n\r\n",
        LINE.replace(b"HTTP/1.1", b"HTTP/9"),
        LINE.replace(b"token=", b"token=" + b"q" * 20_000),
        LINE.replace(b"GET /", b"GET http://me:" + SECRET.encode() + b"@[::1/"),
        b"\x16\x03\x01" + SECRET.encode() + b"\r\n\r\n",
    ],
    ids=["long", "control", "colon", "length", "coding", "version", "line", "url", "tls"],
)
async def test_nothing_of_it_is_quoted(proxy: ProxyProcess, request_head: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.url.rpartition(":")[2]))
    writer.write(request_head + b"\r\n")
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    WATCH.saw("answer", answer)
    assert SECRET.encode() not in answer
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")) or not answer
