"""A local fleet leaves what a Prometheus needs to watch it, under the labels of a cluster."""

from __future__ import annotations

import asyncio
import signal
import stat
import subprocess
from pathlib import Path

import yaml

from goproxy_operator.desired.monitoring.dashboard import fleets_dashboard
from goproxy_operator.local.prometheus_files import CONFIG
from tests.local.local_fleet import LocalFleet, document
from tests.modproxy.fake_upstream import FakeUpstream
from tests.prometheus import programs
from tests.prometheus.server import Prometheus, filled


async def test_a_prometheus_with_the_files_of_a_local_fleet(upstream: FakeUpstream, tmp_path: Path) -> None:
    upstream.add("example.com/m", "v1.0.0")
    text = document(upstream.url, '  monitoring: {objectives: {availability: "99.9"}}\n', replicas=2)
    async with LocalFleet(tmp_path, text) as fleet:
        await fleet.line("config in force on 2 of 2")
        promtool = (programs.find("promtool"), "check", "config", str(fleet.data / CONFIG))
        checked = await asyncio.to_thread(subprocess.run, promtool, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert stat.S_IMODE((fleet.data / CONFIG).stat().st_mode) == 0o600
        impatient = (fleet.data / CONFIG).read_text().replace("15s", "1s")
        (fleet.data / "impatient.yml").write_text(impatient)
        async with Prometheus(tmp_path / "prometheus", {}, config=fleet.data / "impatient.yml") as prometheus:
            await prometheus.until('count(up{namespace="default", job="team-a", pod=~"team-a-[01]"} == 1) == 2')
            await fleet.answers("example.com/m/@v/list", 200)
            await prometheus.until('sum(http_requests_total{namespace="default", job="team-a"}) > 0')
            panels = [panel for panel in fleets_dashboard()["panels"] if panel["title"] == "Requests by replica"]
            assert panels
            for panel in panels:
                await prometheus.until(filled(panel["targets"][0]["expr"]))
            rules = yaml.safe_load((fleet.data / "prometheus-rules.yml").read_text())["groups"]
            recorded = {rule["record"] for group in rules for rule in group["rules"] if "record" in rule}
            assert recorded
            assert "GoProxyDown" in {rule.get("alert") for group in rules for rule in group["rules"]}
            await fleet.end(signal.SIGTERM)
            await prometheus.until("absent(up)")
