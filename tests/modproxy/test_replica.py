"""A whole replica: its report, its metrics, its admin listener, and how it takes a config."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from modproxy.background import BackgroundTasks
from modproxy.cache.answer import CacheStatus
from modproxy.config_file import Loaded, load
from modproxy.contract.address import Address
from modproxy.contract.config import ConfigError
from modproxy.contract.report import Report
from modproxy.faults import Faults
from modproxy.replica import Replica
from modproxy.reporting import Reporter
from modproxy.server.admin import admin_app
from modproxy.server.metrics import UpstreamCounts
from modproxy.server.traffic import Traffic
from tests.kubernetes.eventually import eventually
from tests.modproxy.making import loaded

UPSTREAM = {"goproxy": "off", "gosumdb": "off"}


@pytest.fixture
async def replica(tmp_path: Path) -> AsyncIterator[Replica]:
    cache = {"dir": str(tmp_path / "cache"), "sizeBytes": 1 << 30}
    made = Replica(loaded({"upstream": UPSTREAM, "cache": cache}), [Address("127.0.0.1", 1)])
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def admin(replica: Replica) -> AsyncIterator[str]:
    runner = web.AppRunner(
        admin_app(
            replica.reporter.report,
            replica.metrics,
            replica.traffic.modules.top,
            replica.background.dead,
            lambda: replica.in_force.rules.hosts,
        )
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield "http://{}:{}".format(*runner.addresses[0][:2])
    await runner.cleanup()


async def test_the_report_of_a_replica_at_rest(replica: Replica) -> None:
    assert isinstance(replica.reporter, Reporter)
    await eventually(lambda: replica.store.counted, "what is held is counted")
    report = replica.reporter.report()
    assert Report.model_validate_json(report.model_dump_json(by_alias=True)) == report
    assert (report.ready, report.config.generation, report.config.error) == (True, 1, None)
    assert (report.storage.used_bytes, report.storage.capacity_bytes, report.storage.scanned) == (0, 1 << 30, True)
    assert report.requests == dict.fromkeys(map(str, CacheStatus), 0)


async def test_a_newer_config_reaches_every_part(replica: Replica, tmp_path: Path) -> None:
    cache = {"dir": str(tmp_path / "cache"), "sizeBytes": 1 << 20, "listTTL": "5m"}
    await replica.change(loaded({"upstream": UPSTREAM, "cache": cache, "pathPrefix": "/go"}))
    assert replica.store.limit == 1 << 20
    assert replica.in_force.rules.cache.list_ttl == 300
    assert replica.reporter.report().config.generation == 2
    await replica.change(ConfigError("config.json: not JSON"))
    told = replica.reporter.report()
    assert (told.config.generation, told.config.error) == (2, "config.json: not JSON")
    assert replica.config.path_prefix == "/go"


class FailingReplica(Replica):
    """Fails where it takes a newer config, as a fault of the program would make it."""

    async def change(self, news: Loaded | ConfigError) -> None:
        raise UnicodeError("label too long")


async def test_a_replica_that_follows_its_config_no_more_fails_liveness(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    cache = {"dir": str(tmp_path / "cache")}
    file.write_text(json.dumps({"upstream": UPSTREAM, "cache": cache}))
    replica = FailingReplica(load(file), [Address("127.0.0.1", 1)])
    replica.background = BackgroundTasks(first_pause=0.01)
    replica.reporter = Reporter(
        replica.in_force,
        replica.store,
        Traffic(time.monotonic),
        None,
        replica.background,
        auditor=replica.auditor,
        faults=Faults(),
        facts=replica.facts,
    )
    await replica.start()
    replica.follow(file)
    runner = web.AppRunner(
        admin_app(
            replica.reporter.report,
            replica.metrics,
            replica.traffic.modules.top,
            replica.background.dead,
            lambda: replica.in_force.rules.hosts,
        )
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = "http://{}:{}/-/healthz".format(*runner.addresses[0][:2])
    try:
        async with aiohttp.ClientSession() as session:

            async def health() -> tuple[int, str]:
                async with session.get(url) as answer:
                    return answer.status, await answer.text()

            assert await health() == (200, "ok\n")
            file.write_text(json.dumps({"upstream": UPSTREAM, "cache": cache, "pathPrefix": "/go"}))
            await eventually(lambda: bool(replica.background.dead()), "the follower has failed for good")
            assert await health() == (503, "dead: following of the config\n")
            told = replica.reporter.report().config
            assert (told.generation, told.error) == (1, "following of the config: UnicodeError: label too long")
    finally:
        await runner.cleanup()
        await replica.close()


async def test_probes_and_metrics(replica: Replica, admin: str) -> None:
    async with aiohttp.ClientSession() as session:

        async def get(path: str) -> tuple[int, str]:
            async with session.get(admin + path) as answer:
                return answer.status, await answer.text()

        assert await get("/-/healthz") == (200, "ok\n")
        assert await get("/-/readyz") == (200, "ready\n")
        assert Report.model_validate_json((await get("/-/report"))[1]).ready
        metrics = (await get("/metrics"))[1]
        for line in (
            "modproxy_ready 1.0",
            "modproxy_config_generation 1.0",
            'modproxy_policy_refusals_total{mode="DryRun",rule="modules"} 0.0',
            "modproxy_checksum_mismatches_total 0.0",
        ):
            assert line in metrics.splitlines()
        await replica.leave()
        assert await get("/-/readyz") == (503, "not ready: starting or shutting down\n")
        assert "modproxy_ready 0.0" in (await get("/metrics"))[1]
    assert replica.handler.draining


def test_upstream_requests_are_counted_by_how_they_ended() -> None:
    counts = UpstreamCounts()
    for result in ("200", "200", "timeout"):
        counts.count(result)
    assert counts.by_result == {"200": 2, "timeout": 1}
