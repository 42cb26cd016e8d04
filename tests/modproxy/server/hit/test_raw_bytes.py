"""Bytes that are not exactly one simple whole GET: the listener with hits answers them as aiohttp alone does."""

import asyncio
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.modproxy.hostile_requests import connections
from tests.modproxy.server.hit.two_ways import INFO, LIST, MOD, ZIP, TwoWays, get, untimed

CASES = int(os.environ.get("MODPROXY_FUZZ_CASES", "1500"))
AT_ONCE = 25
LINE = f"GET /{INFO} HTTP/1.1\r\n".encode()
SIMPLE = get(INFO)
HELD = (INFO, MOD, LIST, ZIP)

RAW: dict[str, tuple[bytes, ...]] = {
    "two requests in one packet": (SIMPLE + get(MOD),),
    "three requests, a zip between": (SIMPLE + get(ZIP) + get(MOD),),
    "a request and a half": (SIMPLE + get(MOD)[:30], get(MOD)[30:]),
    "a half and a request": (SIMPLE[:30], SIMPLE[30:] + get(MOD)),
    "one byte at a time": tuple(SIMPLE[i : i + 1] for i in range(len(SIMPLE))),
    "the last line feed alone": (SIMPLE[:-1], SIMPLE[-1:]),
    "zips, one after the other": (get(ZIP), get(ZIP), get(INFO), get(ZIP)),
    "a blank line before": (b"\r\n" + SIMPLE,),
    "a blank line behind": (SIMPLE + b"\r\n", SIMPLE),
    "bare LF in the request line": (LINE.replace(b"\r\n", b"\n") + b"Host: x\r\n\r\n",),
    "bare LF after a header": (LINE + b"Host: x\nX: y\r\n\r\n",),
    "bare LF at the end": (LINE + b"Host: x\n\n",),
    "bare CR in a value": (LINE + b"Host: x\r\nX: a\rb\r\n\r\n",),
    "an obsolete fold": (LINE + b"Host: x\r\nX: a\r\n b\r\n\r\n",),
    "a fold of the Host": (LINE + b"Host: x\r\n\ty\r\n\r\n",),
    "no Host": (LINE + b"X: y\r\n\r\n",),
    "no header": (LINE + b"\r\n",),
    "an empty Host": (LINE + b"Host:\r\n\r\n",),
    "two Hosts": (LINE + b"Host: x\r\nHost: x\r\n\r\n",),
    "two Hosts, spelt differently": (LINE + b"Host: x\r\nhOST: y\r\n\r\n",),
    "two Hosts and a length with a blank": (LINE + b"Host: x\r\nHost: y\r\nContent-Length : 5\r\n\r\n",),
    "a blank before the colon": (LINE + b"Host: x\r\nContent-Length : 5\r\n\r\n",),
    "a tab before the colon": (LINE + b"Host: x\r\nX\t: 5\r\n\r\n",),
    "a body": (LINE + b"Host: x\r\nContent-Length: 5\r\n\r\nhello",),
    "a body that is a request": (LINE + b"Host: x\r\nContent-Length: %d\r\n\r\n" % len(SIMPLE) + SIMPLE,),
    "a body that is a request, later": (LINE + b"Host: x\r\nContent-Length: %d\r\n\r\n" % len(SIMPLE), SIMPLE),
    "a body that comes in halves": (LINE + b"Host: x\r\nContent-Length: 9\r\n\r\n", b"12345\r\n\r\n", SIMPLE),
    "a length of zero": (LINE + b"Host: x\r\nContent-Length: 0\r\n\r\n",),
    "chunks": (LINE + b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",),
    "chunks, then a request": (
        LINE + b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", SIMPLE,
    ),
    "a chunk that is a request": (
        LINE + b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"%x\r\n" % len(SIMPLE), SIMPLE, b"\r\n0\r\n\r\n", get(MOD),
    ),
    "both framings": (
        LINE + b"Host: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SIMPLE,
    ),
    "a POST, then a request": (SIMPLE.replace(b"GET", b"POST"), SIMPLE),
    "a POST with a body that is a request": (
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(SIMPLE), SIMPLE, SIMPLE,
    ),
    "an upgrade": (get(INFO, "Connection: upgrade", "Upgrade: websocket"), SIMPLE),
    "an upgrade to h2c": (get(INFO, "Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AA"), SIMPLE),
    "an old key of WebSocket": (get(INFO, "Sec-WebSocket-Key1: x"),),
    "an expectation": (get(INFO, "Expect: 100-continue"), SIMPLE),
    "a connection that closes": (get(INFO, "Connection: close"),),
    "a proxy's connection that closes": (get(INFO, "Proxy-Connection: close"),),
    "the absolute form": (b"GET http://x/" + SIMPLE[5:],),
    "HTTP/1.0": (SIMPLE.replace(b"/1.1", b"/1.0"),),
    "HTTP/1.2": (SIMPLE.replace(b"/1.1", b"/1.2"),),
    "two blanks": (SIMPLE.replace(b"GET ", b"GET  "),),
    "a query": (SIMPLE.replace(b".info", b".info?x=y"), SIMPLE),
    "a fragment": (SIMPLE.replace(b".info", b".info#x"),),
    "a lower-case method": (b"get" + SIMPLE[3:],),
    "a NUL in a value": (LINE + b"Host: x\r\nX: a\0b\r\n\r\n",),
    "a NUL in a name": (LINE + b"Host: x\r\nX\0: b\r\n\r\n",),
    "eight bits in a value": (LINE + b"Host: x\r\nX: \xff\xe9\r\n\r\n", SIMPLE),
    "eight bits in a name": (LINE + b"Host: x\r\nX\xff: y\r\n\r\n",),
    "eight bits in Host": (LINE + b"Host: \xff\r\n\r\n",),
    "DEL in a value": (LINE + b"Host: x\r\nX: \x7f\r\n\r\n",),
    "no name": (LINE + b"Host: x\r\n: y\r\n\r\n",),
    "no colon": (LINE + b"Host: x\r\nnothing\r\n\r\n",),
    "a very long value": (LINE + b"Host: x\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",),
    "a long value": (LINE + b"Host: x\r\nX: " + b"y" * 5000 + b"\r\n\r\n", SIMPLE),
    "a very long name": (LINE + b"Host: x\r\n" + b"X" * 20_000 + b": y\r\n\r\n",),
    "very many headers": (LINE + b"Host: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n",),
    "many headers": (LINE + b"Host: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(60)) + b"\r\n", SIMPLE),
    "a very long path": (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",),
    "a range": (get(ZIP, "Range: bytes=5-9"), get(ZIP)),
    "a range that is none": (get(ZIP, "Range: bytes=99999999-"), get(ZIP)),
    "a tag that may not match": (get(ZIP, "If-None-Match: *"), get(ZIP)),
    "a HEAD": (get(ZIP, method="HEAD"), get(ZIP), get(INFO, method="HEAD"), get(INFO)),
    "a loop": (get(INFO, "Via: 1.1 modproxy-x"), SIMPLE),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",),
    "three bytes": (b"abc",),
    "nothing": (b"",),
}  # fmt: skip


@pytest.mark.parametrize("packets", RAW.values(), ids=RAW)
async def test_raw_bytes(two_ways: TwoWays, packets: tuple[bytes, ...]) -> None:
    await two_ways.hold(*HELD)
    quick, plain = await asyncio.gather(
        two_ways.exchange(two_ways.quick, *packets), two_ways.exchange(two_ways.plain, *packets)
    )
    assert untimed(quick) == untimed(plain)


async def test_a_half_closed_client_gets_what_it_asked_for(two_ways: TwoWays) -> None:
    await two_ways.hold(*HELD)
    before = two_ways.by_aiohttp.requests
    for path in HELD:
        reader, writer = await asyncio.open_connection("127.0.0.1", two_ways.quick)
        writer.write(get(path))
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        assert untimed(answer) == untimed(await two_ways.ask(two_ways.plain, get(path)))
    assert two_ways.by_aiohttp.requests == before


@pytest.mark.timeout(120 + CASES // 10)
async def test_hostile_bytes(two_ways: TwoWays) -> None:
    """Both ways say the same to whatever a client sends."""
    await two_ways.hold(*HELD)
    loop = asyncio.get_running_loop()

    async def compare(sent: bytes) -> None:
        quick = await two_ways.exchange(two_ways.quick, sent, quiet=0.05)
        plain = await two_ways.exchange(two_ways.plain, sent, quiet=0.05)
        assert untimed(quick) == untimed(plain), sent

    async def compare_all(sent: list[bytes]) -> None:
        await asyncio.gather(*map(compare, sent))

    @settings(
        max_examples=-(-CASES // AT_ONCE),
        deadline=None,
        database=None,
        derandomize="MODPROXY_FUZZ_CASES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(connections([key.encode() for key in HELD]), min_size=AT_ONCE, max_size=AT_ONCE))
    def check(sent: list[bytes]) -> None:
        asyncio.run_coroutine_threadsafe(compare_all(sent), loop).result()

    await asyncio.to_thread(check)
