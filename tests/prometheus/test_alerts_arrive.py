"""From a fault of a real replica to the person who is told: replica, Prometheus, Alertmanager, webhook."""

from __future__ import annotations

import asyncio
import itertools
import signal
from pathlib import Path

from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from tests.modproxy.fake_upstream import FakeUpstream, status
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.replica_fleet import Fleet
from tests.operator.objects import goproxy
from tests.prometheus.alertmanager import Alertmanager
from tests.prometheus.server import Prometheus, faster

MODULES = 40
NOT_FILLED = ("<no value>", "error calling", "{{", "%!")
"""What a template that cannot be filled in leaves."""


async def ask_for_ever(replica: ProxyProcess) -> None:
    """Ask for what upstream fails at, as developers who try again do."""
    for number in itertools.cycle(range(MODULES)):
        assert (await replica.get(f"example.com/broken{number}/@v/list")).status == 503
        await asyncio.sleep(0.05)


async def test_faults_of_a_fleet_reach_people_in_words(tmp_path: Path, upstream: FakeUpstream) -> None:
    """Minutes are seconds here, so that the alerts are made as they are, only sooner."""
    groups = prometheus_rule(goproxy(replicas=1), "https://docs.example.com")["spec"]["groups"]
    rules = faster([rule for group in groups for rule in group["rules"]], 60)
    upstream.add("example.com/m", "v1.0.0")
    for number in range(MODULES):
        upstream.behaviours[f"example.com/broken{number}/@v/list"] = status(503)
    async with (
        Fleet(tmp_path / "fleet", {"upstream": {"goproxy": upstream.url, "timeout": "2s"}}, 1) as fleet,
        Alertmanager(tmp_path / "alertmanager") as alertmanager,
    ):
        replica = fleet.replicas[0]
        targets = {"team-a-0": replica.admin_url}
        rooms = tmp_path / "prometheus"
        async with Prometheus(rooms, targets, rules, alertmanager.address) as prometheus:
            await prometheus.ready()
            assert (await replica.get("example.com/m/@v/list")).status == 200
            await prometheus.until("sum(http_requests_total) >= 1")
            assert await prometheus.alerts() == []
            asking = asyncio.create_task(ask_for_ever(replica))
            await alertmanager.received("GoProxyAvailabilityBurn", "GoProxyUpstreamErrors")
            asking.cancel()
            await asyncio.wait({asking})
            assert replica.process is not None
            replica.process.send_signal(signal.SIGKILL)
            await replica.process.wait()
            await alertmanager.received("GoProxyDown")
    for name, alert in alertmanager.alerts.items():
        said = alert["annotations"]
        assert said["runbook_url"] == f"https://docs.example.com/runbooks/{name}.md"
        for text in said.values():
            assert not any(left in text for left in NOT_FILLED), text
    burn = alertmanager.alerts["GoProxyAvailabilityBurn"]
    assert "the error budget burns" in burn["annotations"]["summary"]
    assert burn["labels"]["namespace"] == "build"
