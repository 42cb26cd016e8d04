"""The traces of a real go command, over a fleet of two replicas, its parent fleet, and all servers that they ask."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from modproxy.fleet.rendezvous import owner_of, subject_of
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.git_host import HOST, Egress, GitHost
from tests.modproxy.go_client import GoClient
from tests.modproxy.live.test_checksum_database import vouch
from tests.modproxy.live.test_parents import Member
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.tracing.collector_process import Collector, Span

PUBLIC, PRIVATE, DENIED = "example.com/Mixed", f"{HOST}/lib", "example.com/evil"
VERSION = "v1.0.0"


@dataclass(frozen=True)
class Answer:
    """What the go command was answered."""

    path: str
    status: int
    trace_id: str
    span_id: str
    request_id: str


class Tap:
    """Stands between the go command and a replica, and notes the answers, which go itself shows to nobody."""

    def __init__(self, url: str) -> None:
        self._to = url
        self._runner = web.ServerRunner(web.Server(self._pass, access_log=None), shutdown_timeout=0.1)
        self.answers: list[Answer] = []
        self.url = ""

    async def _pass(self, request: web.BaseRequest) -> web.Response:
        assert "traceparent" not in request.headers  # the go command knows nothing of traces
        async with self._session.get(URL(self._to + request.raw_path, encoded=True), headers=request.headers) as answer:
            body = await answer.read()
            _, trace_id, span_id, _ = answer.headers["Traceresponse"].split("-")
            named = answer.headers["X-Request-Id"]
            self.answers.append(Answer(request.raw_path, answer.status, trace_id, span_id, named))
            kind = {"Content-Type": answer.headers["Content-Type"]} if "Content-Type" in answer.headers else {}
            return web.Response(status=answer.status, body=body, headers=kind)

    async def __aenter__(self) -> Tap:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()


@dataclass(frozen=True)
class Seen:
    """What there is when the go command has ended."""

    answers: list[Answer]
    spans: dict[str, Span]
    """By their ids."""
    records: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    refusal: str
    upstream: FakeUpstream

    def of(self, path: str) -> Span:
        """The span of the go command's one request for a path."""
        (answer,) = [answer for answer in self.answers if answer.path == path]
        return self.spans[answer.span_id]

    def children(self, span: Span, name: str) -> list[Span]:
        """The spans of this name below one, in the order in which they began."""
        found = [one for one in self.spans.values() if (one.parent_id, one.name) == (span.span_id, name)]
        return sorted(found, key=lambda one: one.began)

    def below(self, span: Span) -> set[str]:
        """The names of all spans below one."""
        children = [one for one in self.spans.values() if one.parent_id == span.span_id]
        return {child.name for child in children}.union(*map(self.below, children))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A go command has fetched a public module and a private one, and was refused a third one."""
    return asyncio.run(fetch_all(tmp_path_factory.mktemp("traces")))


async def fetch_all(folder: Path) -> Seen:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        collector = await enter(Collector(folder / "collector"))
        upstream, git = await enter(FakeUpstream()), await enter(GitHost(folder / "git"))
        egress = await enter(Egress({HOST: git.port}))
        upstream.add(PUBLIC, VERSION)
        database = FakeSumdb()
        vouch(database, upstream, PUBLIC, VERSION)
        database.publish(upstream.files)
        git.open_to_all = True
        git.commit("lib", {"go.mod": f"module {PRIVATE}\n\ngo 1.21\n", "lib.go": "package lib\n"}, VERSION)
        (folder / "secrets" / "corp-ca").mkdir(parents=True)
        (folder / "secrets" / "corp-ca" / "ca.crt").write_bytes(git.ca_file.read_bytes())

        parent = Member(folder / "parent", "platform/root", upstream.url)
        child = Member(folder / "child", "team/leaf", upstream.url).below(parent)
        for member in (parent, child):
            member.config["upstream"] |= {"gosumdb": database.verifier_key, "timeout": "20s"}
            member.config["tracing"] = {"endpoint": collector.url, "samplingPercent": 100}
            member.config["audit"] = {"to": ["File"]}
        child.config["secretsDir"] = str(folder / "secrets")
        child.config["modules"] = {"deny": [DENIED]}
        child.config["upstream"] |= {
            "goprivate": [HOST],
            "trustedCASecretName": "corp-ca",
            "httpProxy": {"url": egress.url, "noProxy": ["127.0.0.1"]},
            "directTimeout": "60s",
        }
        other = Member(folder / "other", "team/leaf", upstream.url)
        names = ["leaf-0", "leaf-1"]
        addresses = [f"127.0.0.1:{child.port}", f"127.0.0.1:{other.port}"]

        def replica(number: int) -> ProxyProcess:
            peers = child.peers() | {"name": names[number], "listen": addresses[number], "addresses": addresses}
            config = {**child.config, "peers": peers}
            return ProxyProcess(folder / names[number], config, arguments=("--log-format", "json"))

        await enter(parent.process())
        replicas = [await enter(replica(number)) for number in range(2)]
        for one in replicas:
            await one.until_report(lambda report: report.peers is not None and len(report.peers.seen) == 1)
        # The other one owns what is asked for, so that the way is as long as it can be.
        asked = replicas[1 - names.index(owner_of(subject_of("example.com/!mixed/@v/list"), names) or "")]
        tap = await enter(Tap(asked.url))
        client = GoClient(folder / "client", f"{tap.url},off", GOSUMDB=database.verifier_key, GONOSUMDB=HOST)
        await client.succeed("mod", "init", "example.com/project")
        await client.succeed("get", f"{PUBLIC}@{VERSION}")
        await client.succeed("get", f"{PRIVATE}@latest")
        refused = await client.go("mod", "download", f"{DENIED}@{VERSION}")
        assert refused.code != 0

        def all_told(spans: list[Span]) -> bool:
            ids, above = {span.span_id for span in spans}, {span.parent_id for span in spans}
            told = {answer.span_id for answer in tap.answers} | above - {""}
            # Replicas and fleets that were asked tell their part, below the span of whoever asked.
            asked = {span.span_id for span in spans if span.name in ("peer", "parent") and not span.failed}
            return told <= ids and asked <= above

        spans = await collector.until(all_told)
        records = await written(asked.cache / ".modproxy" / "audit-log", len(tap.answers))
        lines = [json.loads(line) for line in asked.log().splitlines()]
        return Seen(tap.answers, {span.span_id: span for span in spans}, records, lines, refused.err, upstream)


async def written(folder: Path, number: int) -> list[dict[str, Any]]:
    """The records of the audit log, once there are so many."""

    def lines() -> list[str]:
        return [line for file in folder.glob("*") for line in file.read_text().splitlines()]

    async with asyncio.timeout(10):
        while len(found := lines()) < number:
            await asyncio.sleep(0.05)
    return [json.loads(line) for line in found]


def test_each_request_has_one_span_and_the_same_ids_everywhere(seen: Seen) -> None:
    assert len(seen.answers) >= 10
    assert len({answer.trace_id for answer in seen.answers}) == len(seen.answers)
    records = {record["req_id"]: record for record in seen.records}
    assert set(records) == {answer.request_id for answer in seen.answers}
    for answer in seen.answers:
        span = seen.spans[answer.span_id]
        assert (span.trace_id, span.parent_id, span.is_server) == (answer.trace_id, "", True)
        assert span.attributes == span.attributes | {
            "goproxy.request_id": answer.request_id,
            "http.response.status_code": str(answer.status),
            "url.path": answer.path,
        }
        assert records[answer.request_id]["trace_id"] == answer.trace_id
    of_requests = [line for line in seen.lines if "req_id" in line]
    traces = {answer.request_id: answer.trace_id for answer in seen.answers}
    assert {line["message"].split()[0] for line in of_requests} == {"fetched", "not"}
    assert [line["trace_id"] for line in of_requests] == [traces[line["req_id"]] for line in of_requests]


def test_what_go_tells_of_a_refusal_names_its_trace(seen: Seen) -> None:
    (refused,) = [answer for answer in seen.answers if answer.status == 403]
    assert f"trace {refused.trace_id}" in seen.refusal
    assert "evil" in seen.spans[refused.span_id].attributes["goproxy.rule"]


def test_a_public_file_passes_the_owner_the_parent_and_the_checksum_database(seen: Seen) -> None:
    """The owner asks the parent, which asks the upstream and proves the file; each process tells its own spans."""
    span = seen.of("/example.com/%21mixed/@v/v1.0.0.info")
    peer, *_ = seen.children(span, "peer")
    (owner,) = seen.children(peer, "GET peer")
    assert owner.resource["service.instance.id"] != span.resource["service.instance.id"]
    below = seen.below(span)
    assert {"parent", "GET info", "upstream", "GET lookup", "checksumDatabase"} <= below
    to_parent, *_ = seen.children(owner, "parent")
    (at_parent,) = seen.children(to_parent, "GET info")
    assert (at_parent.resource["service.namespace"], at_parent.resource["goproxy.fleet"]) == ("platform", "root")
    (upstream,) = seen.children(at_parent, "upstream")
    assert upstream.attributes["http.response.status_code"] == "200"
    # Nobody outside of the fleets is told of a trace, the checksum database included, which the upstream serves.
    assert seen.upstream.requests
    assert all("traceparent" not in map(str.lower, headers) for headers in seen.upstream.headers)


def test_a_private_module_shows_version_control(seen: Seen) -> None:
    for file in ("list", "v1.0.0.info", "v1.0.0.zip"):
        span = seen.of(f"/{PRIVATE}/@v/{file}")
        (control,) = [
            one for one in seen.spans.values() if one.name == "versionControl" and one.trace_id == span.trace_id
        ]
        assert (control.attributes["server.address"], control.failed) == (HOST, False)
        # A git command takes longer than this on any machine.
        assert control.ended - control.began > 1_000_000
        assert "parent" not in seen.below(span)


def test_every_span_has_its_place_and_takes_time(seen: Seen) -> None:
    kinds = {span.name for span in seen.spans.values() if not span.is_server}
    assert kinds == {"peer", "parent", "upstream", "checksumDatabase", "versionControl"}
    assert {span.resource["service.instance.id"] for span in seen.spans.values()} == {
        "leaf-0",
        "leaf-1",
        "platform.root",
    }
    for span in seen.spans.values():
        assert span.ended > span.began
        if span.parent_id:
            parent = seen.spans[span.parent_id]
            assert span.trace_id == parent.trace_id
            assert span.began >= parent.began
            # A server is asked by a request, and a request of a fleet by another fleet or replica.
            assert span.is_server is not parent.is_server
            assert (span.resource == parent.resource) is not span.is_server
