"""SIGKILL at any moment of many downloads: after it each stored file is whole and right.

`MODPROXY_KILL_DOWNLOADS` says how many modules are downloaded; the program is killed once in every `AT_ONCE` of them.
"""

import asyncio
import os
import random

import pytest
from aiohttp import web

from modproxy.mod.path import escape
from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import Behaviour, FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess

DOWNLOADS = int(os.environ.get("MODPROXY_KILL_DOWNLOADS", "60"))
AT_ONCE = 10
SUFFIXES = ("@v/list", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip")
SLOWEST = 0.4
"""How many seconds upstream takes for a zip, at most. The signal comes within a little more."""


@pytest.mark.timeout(120 + DOWNLOADS)
async def test_kill_at_any_moment(upstream: FakeUpstream, proxy: ProxyProcess) -> None:
    chance = random.Random()
    drafts = proxy.cache / ".modproxy" / "drafts"
    left_unfinished = 0
    for first in range(0, DOWNLOADS, AT_ONCE):
        modules = [f"example.com/Kill/m{n}" for n in range(first, min(first + AT_ONCE, DOWNLOADS))]
        for module in modules:
            offer(upstream, module, chance)
        downloads = [asyncio.create_task(download(proxy, module)) for module in modules]
        await asyncio.sleep(chance.uniform(0, SLOWEST * 1.25))
        await proxy.kill()
        check_tree(proxy, upstream)
        for task in downloads:
            task.cancel()  # its next request would wait in the listener's queue, which outlives the program
        await asyncio.wait(downloads)

        await proxy.start()
        # Requests from the queue may be fetched even now, though their clients have gone.
        await eventually(lambda: not any(drafts.iterdir()), "no draft is left")
        await proxy.until_report(lambda report: report.storage.scanned and report.storage.used_bytes == size(proxy))
        check_tree(proxy, upstream)
        held = await proxy.held()
        left_unfinished += sum(f"{escape(module)}/{SUFFIXES[-1]}" not in held for module in modules)
        # Every interrupted file can be fetched now, at once.
        for module in modules:
            await download(proxy, module)
    assert left_unfinished, "no kill came in the midst of a download: nothing was proved"
    await proxy.settled()
    check_tree(proxy, upstream)
    assert len(await proxy.held()) == DOWNLOADS * (len(SUFFIXES) + 1)  # each module has a .ziphash too


def offer(upstream: FakeUpstream, module: str, chance: random.Random) -> None:
    """Give upstream a module whose zip has a random size, and is slow the first time."""
    upstream.add(module, "v1.0.0", payload=chance.randbytes(int(2 ** chance.uniform(0, 21))))
    key = f"{escape(module)}/{SUFFIXES[-1]}"
    upstream.behaviours[key] = trickle(upstream, key, chance.uniform(0, SLOWEST))


def trickle(upstream: FakeUpstream, key: str, seconds: float) -> Behaviour:
    """Answer in ten pieces over so many seconds, with or without a length. From the second time on, answer at once."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        del upstream.behaviours[key]
        data = upstream.files[key]
        response = web.StreamResponse()
        if len(data) % 2:
            response.content_length = len(data)
        await response.prepare(request)
        step = len(data) // 10 + 1
        for start in range(0, len(data), step):
            await response.write(data[start : start + step])
            await asyncio.sleep(seconds / 10)
        await response.write_eof()
        return response

    return behave


async def download(proxy: ProxyProcess, module: str) -> None:
    """Request all files of a module one after the other, as a go command does."""
    for suffix in SUFFIXES:
        reply = await proxy.get(f"{escape(module)}/{suffix}")
        assert reply.status == 200, reply.text


def size(proxy: ProxyProcess) -> int:
    """Sum up the bytes of the stored files."""
    return sum((proxy.cache / key).stat().st_size for key in proxy.files_on_disk())


def check_tree(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    """Compare every stored file that a go command could request with upstream's, byte by byte."""
    for key in proxy.files_on_disk():
        body = (proxy.cache / key).read_bytes()
        if key.endswith(".ziphash"):
            assert body.startswith(b"h1:"), key
            assert len(body) == len("h1:") + 44, key
        else:
            assert body == upstream.files[key], key
