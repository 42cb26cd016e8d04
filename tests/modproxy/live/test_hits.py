"""Hits of the real program, by many clients at once: each is counted once, whoever answers it."""

import asyncio
import re
import time
from urllib.parse import urlsplit

from modproxy.contract.top import Top
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.server.hit.two_ways import get, read_answer

M = "example.com/!mixed"
KEYS = [f"{M}/@v/v1.0.0.info", f"{M}/@v/v1.0.0.mod", f"{M}/@v/v1.0.0.zip", f"{M}/@v/list"]
CLIENTS, ROUNDS = 20, 50


async def test_hits_of_many_clients_are_counted_exactly(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    for _ in range(2):
        for key in KEYS:
            assert (await proxy.get(key)).status == 200
    address = urlsplit(proxy.url)

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for turn in range(ROUNDS):
            for key in KEYS:
                # Every third client has a header that is new in each request, and every fifth asks for ranges too.
                lines = [f"X-Request-Id: {number}-{turn}"] if number % 3 == 0 else []
                span = "Range: bytes=0-0" if number % 5 == 0 and key.endswith(".zip") and turn % 2 else None
                writer.write(get(key, *lines, *([span] if span else [])))
                answer = await read_answer(reader)
                body = upstream.files[key]
                assert answer.endswith(body[:1] if span else body)
        writer.close()

    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    parts = sum(turn % 2 for turn in range(ROUNDS)) * len(range(0, CLIENTS, 5))
    expected = {"info": 1, "mod": 1, "list": 1}
    counts = {
        (kind, code): int(float(count))
        for kind, code, count in re.findall(
            r'^http_requests_total\{cache="hit",code="(\d+)",endpoint="(\w+)"\} (\S+)$',
            await proxy.metrics(),
            re.MULTILINE,
        )
    }
    for kind in expected:
        assert counts["200", kind] == CLIENTS * ROUNDS + 1
    assert counts["206", "zip"] == parts
    assert counts["200", "zip"] == CLIENTS * ROUNDS + 1 - parts
    report = await proxy.report()
    assert report.requests["hit"] == 4 * (CLIENTS * ROUNDS + 1)
    assert (report.window.hits, report.window.requests) == (report.requests["hit"], report.requests["hit"] + 4)
    assert all(upstream.requests[key] == 1 for key in KEYS)
    async with proxy.session.get(f"{proxy.admin_url}/-/top", params={"limit": "5"}) as response:
        top = Top.model_validate_json(await response.read())
    (use,) = top.modules
    assert (use.module, use.requests, use.surplus) == ("example.com/Mixed", 4 * (CLIENTS * ROUNDS + 2), 0)
    whole = sum(len(upstream.files[key]) for key in KEYS) * (CLIENTS * ROUNDS + 2)
    assert use.bytes == whole - parts * (len(upstream.files[KEYS[2]]) - 1)
    assert top.since <= use.last_used <= time.time()
    for limit in ("0", "1001", "-1", "many", "99999"):
        async with proxy.session.get(f"{proxy.admin_url}/-/top", params={"limit": limit}) as response:
            assert (response.status, "from 1 to 1000" in await response.text()) == (400, True)
    # What is refused or absent is no use of a module.
    assert (await proxy.get("example.com/none/@v/list")).status == 404
    async with proxy.session.get(f"{proxy.admin_url}/-/top") as response:
        assert len(Top.model_validate_json(await response.read()).modules) == 1
    page = await proxy.metrics()
    assert {"process_open_fds", "process_max_fds", "modproxy_event_loop_lag_p99_seconds"} <= set(page.split())
