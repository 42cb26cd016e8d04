"""Whatever answers in a replica's place: the answer is a report, or is refused with a reason, or is no answer."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from goproxy_operator.replica_report import ReportError, ask_for_report, fetch_report, report_session
from modproxy.contract.report import MOST_WARNINGS, REPORT_BYTES
from modproxy.contract.report_fields import TEXT_LENGTH
from tests.operator.reconcile.status.status_facts import report

Write = Callable[[asyncio.StreamWriter], Any]
SECONDS = 0.5


@asynccontextmanager
async def answering(write: Write) -> AsyncIterator[str]:
    """A server that says the same to everybody."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await write(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()


def answer(body: bytes | str, *headers: str, status: str = "200 OK") -> Write:
    raw = body.encode() if isinstance(body, str) else body

    async def write(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(raw)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + raw)
        await writer.drain()

    return write


def for_ever(begin: bytes, again: bytes, pause: float = 0.0) -> Write:
    """Answer with `begin`, and with `again` without end, with a pause in seconds after each."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        while True:
            writer.write(again)
            await writer.drain()
            await asyncio.sleep(pause)

    return write


OK = b"HTTP/1.1 200 OK\r\n"
endless = for_ever(OK + b"\r\n", b" " * 65536)
drip = for_ever(OK + b"Content-Length: 1000\r\n\r\n", b" ", 0.05)
header_drip = for_ever(OK + b"X: ", b"y", 0.05)
header_flood = for_ever(OK, b"X-Y: z\r\n" * 1000)
long_header = for_ever(OK + b"X: ", b"y" * 65536)
informational_flood = for_ever(b"", b"HTTP/1.1 100 C\r\n\r\n" * 15000)
long_chunk_sizes = for_ever(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 1000 + b"\r\n \r\n")


async def informational(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    await answer(report().model_dump_json(by_alias=True))(writer)


async def binary(writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(range(256)) * 16)
    await writer.drain()


def changed(*path: str | int, to: Any, raw: bool = False) -> str:
    """A good report but for one value; `raw` JSON may say what Python's encoder would not."""
    document = json.loads(report().model_dump_json(by_alias=True))
    at: Any = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = "MARK" if raw else to
    text = json.dumps(document)
    return text.replace('"MARK"', to) if raw else text


REFUSED: list[tuple[str, Write, str]] = [
    ("infinite rate", answer(changed("window", "requestsPerSecond", to="1e999", raw=True)), "window.requestsPerSecond"),
    ("NaN", answer(changed("window", "requestsPerSecond", to="NaN", raw=True)), "window.requestsPerSecond"),
    ("nan in a text", answer(changed("window", "seconds", to="nan")), "window.seconds"),
    ("negative infinity", answer(changed("uptimeSeconds", to="-Infinity", raw=True)), "uptimeSeconds"),
    ("huge rate", answer(changed("window", "requestsPerSecond", to=1e300)), "window.requestsPerSecond"),
    ("negative rate", answer(changed("window", "requestsPerSecond", to=-1)), "window.requestsPerSecond"),
    ("huge number", answer(changed("storage", "usedBytes", to="9" * 4000, raw=True)), "storage.usedBytes"),
    ("number of many digits", answer(changed("storage", "usedBytes", to="9" * 60000, raw=True)), ""),
    ("more than 64 bits", answer(changed("window", "hits", to=2**63)), "window.hits"),
    ("negative count", answer(changed("storage", "capacityBytes", to=-1)), "storage.capacityBytes"),
    ("a list for a number", answer(changed("storage", "usedBytes", to=[1])), "storage.usedBytes"),
    ("a number for a text", answer(changed("storage", "diskPressure", to=5)), "storage.diskPressure"),
    ("null for a section", answer(changed("window", to=None)), "window"),
    ("a number for a list", answer(changed("config", "warnings", to=5)), "config.warnings"),
    ("no hash", answer(changed("config", "hash", to="../../etc")), "config.hash"),
    ("a hash of two lines", answer(changed("config", "hash", to="abc\n")), "config.hash"),
    ("many names", answer(changed("requests", to={f"n{i}": 1 for i in range(65)})), "requests"),
    ("a name with control characters", answer(changed("requests", to={"\x1b[2J" * 20: 1})), "requests"),
    ("deep", answer("[" * 60000), ""),
    ("deep in a field nobody reads", answer(changed("extra", to='{"a":' * 9000 + "1" + "}" * 9000, raw=True)), ""),
    ("a lone surrogate", answer(changed("storage", "diskPressure", to='"\\ud800"', raw=True)), ""),
    ("no UTF-8", answer(b'{"version": "\xff"}'), ""),
    ("no JSON", answer("<html>"), ""),
    ("nothing", answer(""), ""),
    ("too long", answer(" " * REPORT_BYTES + changed("version", to="1")), "more than 65536 bytes"),
    ("endless", endless, "more than 65536 bytes"),
    ("an interim response", informational, "an interim response (HTTP status 103)"),
    ("many interim responses", informational_flood, ""),
    ("switching protocols", answer("", "Upgrade: websocket", status="101 Switching Protocols"), "HTTP status 101"),
    ("much around the body", long_chunk_sizes, ""),
    ("a redirect", answer("", "Location: http://127.0.0.1:1/", status="302 Found"), "redirect (HTTP status 302)"),
    (
        "a redirect to a host that no codec takes",
        answer("", f"Location: http://{'a' * 64}.example.com/", status="307 Temporary Redirect"),
        "redirect",
    ),
    ("a redirect to itself", answer("", "Location: /-/report", status="308 Permanent Redirect"), "redirect"),
    ("not modified", answer("", status="304 Not Modified"), "redirect"),
    ("gzip", answer(gzip.compress(b" " * 10**7), "Content-Encoding: gzip"), "compressed (gzip)"),
    ("an unknown encoding", answer("", "Content-Encoding: \x7fzz"), ""),
    ("many headers", header_flood, ""),
    ("a long header", long_header, ""),
    ("no HTTP", binary, "no HTTP"),
    ("two lengths", answer("{}", "Content-Length: 3"), "no HTTP"),
]


@pytest.mark.parametrize(("write", "why"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
async def test_a_bad_answer_is_refused(write: Write, why: str) -> None:
    async with answering(write) as url, report_session(1) as session:
        with pytest.raises(ReportError) as error:
            await ask_for_report(session, url, 5.0)
        assert why in str(error.value)
        assert str(error.value).isprintable()
        assert len(str(error.value)) <= TEXT_LENGTH + 100
        assert await fetch_report(session, url, 5.0) is None


@pytest.mark.parametrize(
    "write",
    [drip, header_drip, answer("", status="503 Unavailable"), answer("", status="404 Not Found")],
    ids=["drip", "header drip", "503", "404"],
)
async def test_no_answer(write: Write) -> None:
    async with answering(write) as url, report_session(1) as session:
        assert await ask_for_report(session, url, SECONDS) is None


async def test_interim_responses_take_no_memory() -> None:
    async with answering(informational_flood) as url, report_session(16) as session:
        tracemalloc.start()
        try:
            await asyncio.gather(*(fetch_report(session, url, 5.0) for _ in range(16)))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 16 * 2**20


async def test_nobody_listens() -> None:
    async with report_session(1) as session:
        assert await ask_for_report(session, "http://127.0.0.1:1", SECONDS) is None


async def test_no_cookie_is_kept_and_nothing_compressed_is_asked_for() -> None:
    asked: list[bytes] = []
    good = answer(report().model_dump_json(by_alias=True), "Set-Cookie: a=b; Path=/")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        await good(writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, report_session(1) as session:
        host, port = server.sockets[0].getsockname()
        for _ in range(2):
            assert await ask_for_report(session, f"http://{host}:{port}", 5.0) == report()
    assert b"accept-encoding: identity" in asked[1].lower()
    assert b"cookie" not in asked[1].lower()


async def test_texts_are_shortened_and_escaped() -> None:
    hostile = "\x1b[2Jrm -rf\r\nInjected: yes\x00\u202e" + "x" * 5000
    document = json.loads(changed("storage", "diskPressure", to=hostile))
    document["config"] |= {"error": hostile, "warnings": [hostile] * 30}
    async with answering(answer(json.dumps(document)[:REPORT_BYTES])) as url, report_session(1) as session:
        with pytest.raises(ReportError):  # it is cut off
            await ask_for_report(session, url, 5.0)
    document["config"]["warnings"] = ["short\n"] * 30
    async with answering(answer(json.dumps(document))) as url, report_session(1) as session:
        got = await ask_for_report(session, url, 5.0)
    assert got is not None
    for text in (got.config.error, got.storage.disk_pressure, *got.config.warnings):
        assert text is not None
        assert text.isprintable()
        assert len(text) <= TEXT_LENGTH
    assert len(got.config.warnings) == MOST_WARNINGS
