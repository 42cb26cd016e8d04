"""The audit log of the real program: one record a request, whatever ends the program."""

import asyncio
import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from modproxy.audit.auditor import MOST_UNWRITTEN
from tests.kubernetes.eventually import eventually
from tests.modproxy.audit.fake_receiver import FakeReceiver
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess

PATHS = [f"example.com/!mixed/@v/{file}" for file in ("list", "v1.0.0.info", "v1.0.0.mod", "v1.0.0.zip")]
CLIENTS = 16


def config(upstream: FakeUpstream, **audit: Any) -> dict[str, Any]:
    return {
        "fleet": "build/team-a",
        "upstream": {"goproxy": upstream.url, "gosumdb": "off"},
        "modules": {"deny": ["example.com/evil"]},
        "shutdown": {"delay": "0s", "timeout": "5s"},
        "audit": audit,
    }


def in_files(proxy: ProxyProcess, folder: str) -> list[dict[str, Any]]:
    files = sorted((proxy.cache / ".modproxy" / folder).glob("*"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


def ids_in_files(proxy: ProxyProcess) -> set[str]:
    """The requests whose entries are in the spool, without a line that is being written."""
    text = "".join(path.read_text() for path in sorted((proxy.cache / ".modproxy" / "audit").glob("*")))
    return {json.loads(line)["req_id"] for line in text.split("\n")[:-1]}


class Load:
    """Asks without end, and keeps the ids of the answers."""

    def __init__(self, proxy: ProxyProcess) -> None:
        self.answered: list[str] = []
        self._proxy = proxy
        self._tasks = [asyncio.create_task(self._ask(number)) for number in range(CLIENTS)]

    async def _ask(self, number: int) -> None:
        while True:
            evil = number % 8 == 7
            path = f"example.com/evil/@v/v1.{len(self.answered)}.0.mod" if evil else PATHS[number % len(PATHS)]
            try:
                reply = await self._proxy.get(path)
            except OSError:
                return
            assert reply.status == (403 if evil else 200)
            self.answered.append(reply.headers["X-Request-Id"])

    async def until(self, number: int) -> None:
        async with asyncio.timeout(60):
            while len(self.answered) < number:
                await asyncio.sleep(0.01)

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            assert ended is None or isinstance(ended, asyncio.CancelledError), ended


async def test_records_tell_of_hits_misses_refusals_and_nonsense(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with ProxyProcess(tmp_path / "fleet", config(upstream, to=["File"])) as proxy:
        for _ in range(4):
            assert (await proxy.get(PATHS[1], X_Request_Id="mine-1")).status == 200
        assert (await proxy.get(PATHS[3], "HEAD")).status == 200
        assert (await proxy.get("example.com/evil/@v/list", User_Agent="\tSECRET")).status == 403
        assert (await proxy.get("example.com/m/@v/../list?token=SECRET")).status in (400, 404)
        assert await proxy.kill(signal.SIGTERM) == 0
        found = in_files(proxy, "audit-log")
        assert "SECRET" not in json.dumps(found)
    fetched, *hits, head, refused, nonsense = found
    size = len(upstream.files[PATHS[1]])
    assert (fetched["verb"], fetched["cache"], fetched["bytes"]) == ("fetch", "miss", size)
    assert [record["upstream"] for record in found] == [upstream.url, *[""] * (len(found) - 1)]
    for hit in hits:
        assert (hit["verb"], hit["cache"], hit["bytes"], hit["status"]) == ("read", "hit", size, 200)
        assert (hit["module"], hit["version"], hit["endpoint"]) == ("example.com/Mixed", "v1.0.0", "info")
        assert (hit["req_id"], hit["client"], hit["user_principal"]) == ("mine-1", "127.0.0.1", "anonymous")
    assert len(hits) == 3 and (head["bytes"], head["endpoint"]) == (0, "zip")
    assert (refused["decision"], refused["status"]) == ("refused", 403) and "example.com/evil" in refused["rule"]
    assert (nonsense["decision"], nonsense["module"], nonsense["rule"]) == ("malformed", "", "")
    assert {record["fleet"] for record in found} == {"build/team-a"}


async def test_nothing_is_lost_on_sigterm_under_load(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with FakeReceiver() as receiver:
        elasticsearch = {"url": receiver.url, "index": "audit"}
        wanted = config(upstream, to=["File"], elasticsearch=elasticsearch)
        async with ProxyProcess(tmp_path / "fleet", wanted) as proxy:
            load = Load(proxy)
            await load.until(3000)
            ended = asyncio.create_task(proxy.kill(signal.SIGTERM))
            await asyncio.wait_for(ended, 30)
            await load.end()
            answered = Counter(load.answered)
            sent = [document["req_id"] for document in receiver.documents.values()]
            waiting = {name["req_id"] for name in in_files(proxy, "audit")} - set(sent)
            assert Counter(record["req_id"] for record in in_files(proxy, "audit-log")) == answered
            assert Counter([*sent, *waiting]) == answered


async def test_a_kill_loses_no_more_than_what_was_not_written(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with FakeReceiver() as receiver:
        receiver.status = 503
        wanted = config(upstream, elasticsearch={"url": receiver.url, "index": "audit"})
        async with ProxyProcess(tmp_path / "fleet", wanted) as proxy:
            load = Load(proxy)
            await load.until(3000)
            before = len(load.answered)
            first = set(load.answered)
            # Under load the disk is slow, so that entries take longer than the quarter of a second that they wait.
            await eventually(lambda: first <= ids_in_files(proxy), "the first entries are on the disk")
            await proxy.kill()
            await load.end()
            written = ids_in_files(proxy)
            lost = [name for name in load.answered if name not in written]
            assert len(lost) < min(MOST_UNWRITTEN, len(load.answered) - before)
            receiver.status = 200
            await proxy.start()
            await receiver.until(len(written))
            assert Counter(one["req_id"] for one in receiver.documents.values()) == Counter(written)


async def test_a_reader_of_standard_output_that_stops_blocks_nobody(upstream: FakeUpstream, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    try:
        async with ProxyProcess(tmp_path / "fleet", config(upstream, to=["Stdout"]), stdout=writer) as proxy:
            load = Load(proxy)
            await load.until(2000)  # several times what a pipe holds
            await load.end()
            assert (await proxy.get(PATHS[0])).status == 200
            collected = asyncio.create_task(asyncio.to_thread(_read_all, reader))
            assert await proxy.kill(signal.SIGTERM) == 0
            os.close(writer)
            writer = -1
            names = [json.loads(line)["req_id"] for line in (await collected).splitlines()]
            assert set(load.answered) <= set(names) and len(names) == len(set(names))
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)


def _read_all(fd: int) -> bytes:
    found = b""
    while piece := os.read(fd, 1 << 16):
        found += piece
    return found


async def test_the_report_says_why_a_receiver_takes_nothing(upstream: FakeUpstream, tmp_path: Path) -> None:
    wanted = config(upstream, elasticsearch={"url": "http://127.0.0.1:9", "index": "audit"})
    async with ProxyProcess(tmp_path / "fleet", wanted) as proxy:
        await proxy.get(PATHS[0])
        report = await proxy.until_report(lambda report: report.audit is not None and report.audit.failure is not None)
        assert report.audit is not None and report.audit.receiver == "http://127.0.0.1:9"
        assert report.audit.failure and report.audit.failure.startswith("cannot be reached: Connection refused")
        assert report.audit.spooled_bytes and report.audit.dropped == 0
        text = await proxy.metrics()
        assert "modproxy_audit_failing 1.0" in text and "modproxy_audit_spooled_bytes" in text
        proxy.write_config(audit={})
        await proxy.until_report(lambda report: report.audit is None)


@pytest.mark.parametrize("audit", [{"to": ["Syslog"]}, {"elasticsearch": {"url": "ftp://a", "index": "a"}}])
async def test_a_config_with_a_bad_audit_section_is_refused(
    upstream: FakeUpstream, tmp_path: Path, audit: dict[str, Any]
) -> None:
    async with ProxyProcess(tmp_path / "fleet", config(upstream)) as proxy:
        proxy.write_config(audit=audit)
        report = await proxy.until_report(lambda report: report.config.error is not None)
        assert "audit." in (report.config.error or "")
