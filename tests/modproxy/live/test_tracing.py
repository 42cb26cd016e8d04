"""Traces of real replicas, as a real collector gets them; and a collector that is away, or that hangs."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes.certificates import Authority
from tests.modproxy.fake_upstream import FakeUpstream, status
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.replica_fleet import Fleet
from tests.modproxy.tracing.collector_process import Collector, Span

KEY = "example.com/!mixed/@v/v1.0.0.mod"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
async def collector(tmp_path: Path) -> AsyncIterator[Collector]:
    async with Collector(tmp_path / "collector") as running:
        yield running


def config(upstream: FakeUpstream, endpoint: str, *, percent: float = 100, **more: Any) -> dict[str, Any]:
    tracing = {"endpoint": endpoint, "samplingPercent": percent}
    return {
        "fleet": "build/team-a",
        "upstream": {"goproxy": upstream.url, "gosumdb": "off"},
        "tracing": tracing,
        "shutdown": {"timeout": "5s"},
        **more,
    }


def servers(spans: list[Span]) -> list[Span]:
    return [span for span in spans if span.is_server]


async def test_a_request_and_the_servers_below_it(collector: Collector, upstream: FakeUpstream, tmp_path: Path) -> None:
    document = config(upstream, collector.url, audit={"to": ["File"]})
    async with ProxyProcess(tmp_path / "replica", document) as proxy:
        reply = await proxy.get(KEY, traceparent=SAMPLED, X_Request_Id="from-ci")
        assert reply.status == 200
        version, trace_id, span_id, _ = reply.headers["Traceresponse"].split("-")
        assert (version, trace_id) == ("00", TRACE)
        spans = await collector.until(lambda spans: len(spans) >= 2)
        assert len(spans) == 2
        (server,) = servers(spans)
        (hop,) = [span for span in spans if not span.is_server]
        assert (server.trace_id, server.span_id, server.parent_id, server.failed) == (TRACE, span_id, SPAN, False)
        assert (hop.trace_id, hop.parent_id, hop.name, hop.kind) == (TRACE, span_id, "upstream", 3)
        assert server.began <= hop.began <= hop.ended <= server.ended
        assert server.attributes == server.attributes | {
            "http.request.method": "GET",
            "http.response.status_code": "200",
            "url.path": f"/{KEY}",
            "goproxy.module": "example.com/Mixed",
            "goproxy.version": "v1.0.0",
            "goproxy.cache_status": "miss",
            "goproxy.request_id": "from-ci",
        }
        assert hop.attributes["server.address"] == "127.0.0.1"
        assert hop.attributes["http.response.status_code"] == "200"
        assert server.resource["service.name"] == "modproxy"
        assert server.resource["service.namespace"] == "build"
        # Nothing of a client is told to a public upstream.
        assert all("traceparent" not in headers for headers in upstream.headers)
        # The same id is in the audit log.
        assert await proxy.kill(signal.SIGTERM) == 0
        (file,) = (proxy.cache / ".modproxy" / "audit-log").glob("*")
        records = [json.loads(line) for line in file.read_text().splitlines()]
        assert [record["trace_id"] for record in records] == [TRACE]


async def test_hits_of_memory_are_traced_too(collector: Collector, upstream: FakeUpstream, tmp_path: Path) -> None:
    async with ProxyProcess(tmp_path / "replica", config(upstream, collector.url)) as proxy:
        for _ in range(4):
            assert (await proxy.get(KEY)).status == 200
        assert (await proxy.get(KEY, traceparent=SAMPLED)).status == 200
        spans = servers(await collector.until(lambda spans: len(servers(spans)) >= 5))
        assert [span.attributes["goproxy.cache_status"] for span in spans].count("hit") == 4
        (asked,) = [span for span in spans if span.trace_id == TRACE]
        assert asked.parent_id == SPAN
        assert len({span.trace_id for span in spans}) == 5


async def test_errors_and_refusals_are_always_told(
    collector: Collector, upstream: FakeUpstream, tmp_path: Path
) -> None:
    document = config(upstream, collector.url, percent=0, modules={"deny": ["example.com/evil"]})
    async with ProxyProcess(tmp_path / "replica", document, arguments=("--log-format", "json")) as proxy:
        assert (await proxy.get(KEY)).status == 200  # it is not chosen: nothing of it may be told
        refused = await proxy.get("example.com/evil/@v/list")
        assert refused.status == 403
        upstream.behaviours["example.com/broken/@v/list"] = status(500)
        broken = await proxy.get("example.com/broken/@v/list")
        assert broken.status == 502
        spans = await collector.until(lambda spans: len(servers(spans)) >= 2)
        by_status = {span.attributes["http.response.status_code"]: span for span in servers(spans)}
        assert set(by_status) == {"403", "502"}
        assert "example.com/evil" in by_status["403"].attributes["goproxy.rule"]
        assert not by_status["403"].failed
        assert by_status["502"].failed
        (hop,) = [span for span in spans if not span.is_server]
        assert (hop.trace_id, hop.attributes["http.response.status_code"]) == (by_status["502"].trace_id, "500")
        # The go command shows the last line, and the log has the same id.
        assert broken.text.rstrip().split("\n")[-1] == f"trace {by_status['502'].trace_id}"
        lines = [json.loads(line) for line in proxy.log().splitlines()]
        (failed,) = [line for line in lines if line["message"].startswith("not fetched")]
        assert failed["trace_id"] == by_status["502"].trace_id


async def test_one_trace_over_two_replicas(collector: Collector, upstream: FakeUpstream, tmp_path: Path) -> None:
    async with Fleet(tmp_path / "fleet", config(upstream, collector.url), count=2) as fleet:
        asker = fleet.replicas[1 - fleet.owner(KEY, range(2))]
        assert (await asker.get(KEY, traceparent=SAMPLED)).status == 200
        spans = await collector.until(lambda spans: len([one for one in spans if one.trace_id == TRACE]) >= 4)
        mine = {span.span_id: span for span in spans if span.trace_id == TRACE}
        assert len(mine) == 4
        (outer,) = [span for span in mine.values() if span.parent_id == SPAN]
        (inner,) = [span for span in servers(list(mine.values())) if span is not outer]
        (upstream_hop,) = [span for span in mine.values() if span.name == "upstream"]
        (peer_hop,) = [span for span in mine.values() if span.name == "peer"]
        assert (peer_hop.parent_id, inner.parent_id) == (outer.span_id, peer_hop.span_id)
        assert upstream_hop.parent_id == inner.span_id
        assert outer.resource["service.instance.id"] != inner.resource["service.instance.id"]
        assert outer.attributes["goproxy.cache_status"] == "miss"


async def test_the_object_store_is_a_server_too(collector: Collector, upstream: FakeUpstream, tmp_path: Path) -> None:
    folder = tmp_path / "bucket"
    folder.mkdir()
    document = config(upstream, collector.url, cache={"objectStore": {"url": f"file://{folder}"}})
    async with ProxyProcess(tmp_path / "replica", document) as proxy:
        assert (await proxy.get(KEY)).status == 200
        spans = await collector.until(lambda spans: len(spans) >= 3)
        hops = [span for span in spans if not span.is_server]
        assert [hop.name for hop in sorted(hops, key=lambda hop: hop.began)] == ["objectStore", "upstream"]
        (asked,) = [hop for hop in hops if hop.name == "objectStore"]
        # What is not there is an answer.
        assert (asked.failed, asked.attributes["goproxy.operation"]) == (False, "get")


async def test_it_is_switched_on_and_off_without_a_restart(
    collector: Collector, upstream: FakeUpstream, tmp_path: Path
) -> None:
    document = config(upstream, collector.url)
    tracing = document.pop("tracing")
    async with ProxyProcess(tmp_path / "replica", document) as proxy:
        assert "Traceresponse" not in (await proxy.get(KEY)).headers
        proxy.write_config(tracing=tracing)
        await proxy.until_report(lambda report: report.config.generation == 2)
        # The library is imported meanwhile.
        while "Traceresponse" not in (await proxy.get("example.com/none/@v/list")).headers:
            await asyncio.sleep(0.05)
        await collector.until(lambda spans: len(servers(spans)) == 1)
        proxy.write_config(tracing=None)
        await proxy.until_report(lambda report: report.config.generation == 3)
        assert "Traceresponse" not in (await proxy.get("example.com/!mixed/@latest")).headers


async def test_a_collector_with_a_certificate_of_an_own_authority(upstream: FakeUpstream, tmp_path: Path) -> None:
    ours, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    trusted = tmp_path / "secrets" / "corp-ca" / "ca.crt"
    trusted.parent.mkdir(parents=True)
    trusted.write_bytes(other.file.read_bytes())
    pair = ours.issue("collector", "localhost", hosts=["localhost"])
    async with Collector(tmp_path / "collector", pair) as collector:
        document = config(upstream, collector.url, secretsDir=str(tmp_path / "secrets"))
        document["upstream"]["trustedCASecretName"] = "corp-ca"
        async with ProxyProcess(tmp_path / "replica", document) as proxy:
            assert (await proxy.get(KEY)).status == 200
            report = await proxy.until_report(lambda report: bool(report.config.warnings))
            (warning,) = report.config.warnings
            assert f"the collector at {collector.url} has a certificate that is not trusted" in warning
            assert warning.endswith("into the Secret of upstream.trustedCASecretName: traces are lost")
            assert not collector.spans()
            # The Secret is mended, and nothing restarts.
            trusted.write_bytes(ours.file.read_bytes())
            while not collector.spans():
                assert (await proxy.get(KEY)).status == 200
                await asyncio.sleep(0.2)
            await proxy.until_report(lambda report: not report.config.warnings)


async def hanging() -> tuple[asyncio.Server, str]:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("there", [True, False])
async def test_a_collector_that_hangs_or_is_away_costs_no_request(
    upstream: FakeUpstream, tmp_path: Path, *, there: bool
) -> None:
    server, url = await hanging()
    if not there:
        server.close()
        await server.wait_closed()
    document = config(upstream, url, modules={"deny": ["example.com/evil"]})
    async with ProxyProcess(tmp_path / "replica", document) as proxy:
        for _ in range(50):
            replies = await asyncio.gather(*(proxy.get("example.com/evil/@v/list") for _ in range(40)))
            assert {reply.status for reply in replies} == {403}
        report = await proxy.until_report(
            lambda report: any("monitoring.tracing" in warning for warning in report.config.warnings)
        )
        assert report.ready
        page = await proxy.metrics()
        counts = {
            outcome: float(line.split()[-1])
            for line in page.splitlines()
            for outcome in ("dropped", "failed", "sent")
            if line.startswith(f'modproxy_trace_spans_total{{outcome="{outcome}"}}')
        }
        assert counts["failed"] >= 1
        assert counts["dropped"] >= 500  # two thousand refusals at once are more than a second may have
        assert "sent" not in counts
        assert proxy.log().count("traces are lost") == 1
        assert await proxy.kill(signal.SIGTERM) == 0
    server.close()


async def test_the_library_is_not_imported_without_it(tmp_path: Path) -> None:
    program = "import sys, modproxy.__main__; print([n for n in sys.modules if n.startswith('opentelemetry')])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert (await process.communicate())[0] == b"[]\n"
