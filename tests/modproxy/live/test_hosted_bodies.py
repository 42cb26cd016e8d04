"""Bodies of publications that are slow, cut, larger or smaller than announced, and for which there is no room."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.modproxy.bucket.site import NOWHERE
from tests.modproxy.hosted_site import PRIVATE, config, depot_files, key_of, publish, zip_of
from tests.modproxy.proxy_process import ProxyProcess

M = f"{PRIVATE}/m"
V = "v1.0.0"


async def _raw(proxy: ProxyProcess, head: str, *pieces: bytes, end: bool = True) -> bytes:
    """Send bytes, and return what comes until the connection ends; `end` closes the client's side."""
    host, _, port = proxy.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"PUT /{key_of(M, V)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n\r\n".encode())
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)
    if end:
        writer.write_eof()
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    return answer


def _leaves_nothing(proxy: ProxyProcess) -> bool:
    drafts = list((proxy.cache / ".modproxy" / "drafts").iterdir())
    return not drafts and not [key for key in depot_files(proxy) if "claims" in key or key.startswith("hosted/")]


async def test_a_slow_body_is_taken_and_a_cut_one_is_not(tmp_path: Path) -> None:
    body = zip_of(M, V, big=os.urandom(200_000))
    async with ProxyProcess(tmp_path / "p", config(NOWHERE)) as proxy:
        for announced, sent in ((len(body), body[:-1]), (len(body), body[:100]), (len(body) + 1, body)):
            answer = await _raw(proxy, f"Content-Length: {announced}", sent)
            assert b" 400 " in answer and b"ends before its announced length" in answer, answer
            assert _leaves_nothing(proxy)
        shorter = await _raw(proxy, f"Content-Length: {len(body) - 5}", body[:-5])
        assert b" 400 " in shorter and b"not a readable zip" in shorter and _leaves_nothing(proxy)
        larger = await _raw(proxy, f"Content-Length: {600 << 20}\r\nExpect: 100-continue")
        assert b" 413 " in larger and b"100 Continue" not in larger
        waited = await _raw(proxy, f"Content-Length: {len(body)}\r\nExpect: 100-continue", body)
        assert waited.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 ")
        pieces = [body[at : at + 9000] for at in range(0, len(body), 9000)]
        chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
        again = await _raw(proxy, "Transfer-Encoding: chunked", *chunks, b"0\r\n\r\n")
        assert b" 200 " in again.partition(b"\r\n")[0]


async def test_more_at_once_than_are_taken_are_told_to_come_again(tmp_path: Path) -> None:
    async with ProxyProcess(tmp_path / "p", config(NOWHERE)) as proxy:

        async def never_ends() -> AsyncIterator[bytes]:
            yield b"PK\x03\x04"
            await asyncio.sleep(60)

        async def slow(number: int) -> None:
            async with proxy.session.put(f"{proxy.url}/{key_of(M, f'v1.0.{number}')}", data=never_ends()):
                pass

        tasks = [asyncio.create_task(slow(number)) for number in range(12)]
        async with asyncio.timeout(20):
            while (answer := await publish(proxy, M, V)).status in (200, 201):
                await asyncio.sleep(0.05)
        assert answer.status == 503 and "under way" in answer.text
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        async with asyncio.timeout(20):
            while (await publish(proxy, M, V)).status == 503:
                await asyncio.sleep(0.05)


async def test_a_volume_without_room_takes_nothing(tmp_path: Path) -> None:
    document = config(NOWHERE, cache={"sizeBytes": 1 << 20})
    async with ProxyProcess(tmp_path / "p", document) as proxy:
        assert (await publish(proxy, M, V)).status == 201
        full = await publish(proxy, M, "v1.0.1", big=os.urandom(2 << 20))
        assert full.status == 507 and "spec.cache.storage.size" in full.text
        assert (await proxy.get(key_of(M, V))).status == 200
        assert (await proxy.get(key_of(M, "v1.0.1"))).status == 404


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_depot_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    async with ProxyProcess(tmp_path / "p", config(NOWHERE)) as proxy:
        assert (await publish(proxy, M, V)).status == 201
        staging = proxy.cache / ".modproxy" / "depot" / ".modproxy" / "staging"
        staging.chmod(0o500)
        try:
            answer = await publish(proxy, M, "v1.0.1")
            assert answer.status == 503 and "may not be written" in answer.text
            state = (await proxy.report()).object_store
            assert state is not None and state.failure is not None and "spec.hosted" in state.failure
        finally:
            staging.chmod(0o700)
        assert (await publish(proxy, M, "v1.0.1")).status == 201
        assert (await proxy.report()).object_store is None
