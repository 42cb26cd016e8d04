"""A real Prometheus: it scrapes replicas as the ServiceMonitor of a fleet has it scrape them, and evaluates rules."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import yaml

from goproxy_operator.desired.monitoring.service_monitor import service_monitor
from tests.operator.objects import goproxy
from tests.prometheus import programs

PATIENCE = 60.0
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def faster(rules: Sequence[Any], factor: int) -> list[Any]:
    """Rules whose every span of time is so many times shorter, so that a test need not wait for hours.

    The guard of few requests counts samples of a minute; it is left out.
    """

    def shorter(found: re.Match[str]) -> str:
        seconds = int(found[1]) * _UNITS[found[2]] / factor
        return f"{max(1, round(seconds))}s"

    spans = re.compile(r"(?<=[\[:])(\d+)([smhd])(?=[\]:])")
    made = []
    for rule in rules:
        expression = spans.sub(shorter, re.sub(r" and sum_over_time\(.* \* 60 > 10$", "", rule["expr"]))
        lasting = re.sub(r"^(\d+)([smhd])$", shorter, rule.get("for", "0s"))
        made.append({**rule, "expr": expression} | ({"for": lasting} if "alert" in rule else {}))
    return made


def filled(expression: str) -> str:
    """The expression of a panel as Grafana sends it where everything is chosen."""
    chosen = re.sub(r'"\$[a-z]+"', '".*"', expression)
    return chosen.replace("$__rate_interval", "1m").replace("$__range", "1m")


class Prometheus:
    """Scrapes `targets` (pod -> URL) once a second, as replicas of build/team-a. Use it as a context.

    With another `namespace` they are other programs, of which every series is kept. `alertmanager` is the address of
    one that takes the alerts. Another `config` is one that somebody else has written.
    """

    def __init__(
        self,
        folder: Path,
        targets: Mapping[str, str],
        rules: Sequence[Any] = (),
        alertmanager: str = "",
        *,
        namespace: str = "build",
        job: str = "team-a",
        config: Path | None = None,
    ) -> None:
        self._config_file = config or folder / "prometheus.yaml"
        self._namespace = namespace
        self._job = job
        self._folder = folder
        self._targets = targets
        self._rules = rules
        self._alertmanager = alertmanager
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self.address}"
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None

    def _config(self) -> dict[str, Any]:
        (endpoint,) = service_monitor(goproxy())["spec"]["endpoints"]
        kept = [
            {"action": step["action"], "regex": step["regex"]}
            | ({"source_labels": step["sourceLabels"]} if "sourceLabels" in step else {})
            for step in endpoint["metricRelabelings"]
        ]
        labels = {"namespace": self._namespace}
        job = {
            "job_name": self._job,
            "metrics_path": endpoint["path"],
            "follow_redirects": endpoint["followRedirects"],
            "static_configs": [
                {"targets": [url.removeprefix("http://")], "labels": {**labels, "pod": pod}}
                for pod, url in self._targets.items()
            ],
            "metric_relabel_configs": kept if self._namespace == "build" else [],
        }
        made: dict[str, Any] = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yaml"],
            "scrape_configs": [job],
        }
        if self._alertmanager:
            made["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [self._alertmanager]}]}]}
        return made

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "rules.yaml").write_text(
            yaml.safe_dump({"groups": [{"name": "all", "rules": list(self._rules)}]})
        )
        (self._folder / "prometheus.yaml").write_text(yaml.safe_dump(self._config()))
        with (self._folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                programs.find("prometheus"),
                f"--config.file={self._config_file}",
                f"--storage.tsdb.path={self._folder}/data",
                f"--web.listen-address={self.address}",
                stdout=log,
                stderr=log,
            )
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        assert self._session is not None
        await self._session.close()
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()

    async def _get(self, path: str, **query: str) -> Any:
        assert self._session is not None
        async with self._session.get(f"{self.url}{path}", params=query) as answer:
            said = await answer.json()
        assert said["status"] == "success", said
        return said["data"]

    async def ready(self) -> None:
        """Wait until every target was asked twice."""
        await self.until(f"count(count_over_time(up[1m]) >= 2) == {len(self._targets)}")

    async def query(self, expression: str) -> dict[tuple[tuple[str, str], ...], float]:
        """The values of an expression now, by their labels."""
        found = await self._get("/api/v1/query", query=expression)
        return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in found["result"]}

    async def range(self, expression: str, start: float, end: float, step: float) -> list[Any]:
        """The series of an expression over time, as Prometheus answers them."""
        query = {"query": expression, "start": f"{start}", "end": f"{end}", "step": f"{step}"}
        found: list[Any] = (await self._get("/api/v1/query_range", **query))["result"]
        return found

    async def alerts(self) -> list[Any]:
        """The alerts that are made now."""
        found = (await self._get("/api/v1/alerts"))["alerts"]
        return [alert for alert in found if alert["state"] == "firing"]

    async def until(self, expression: str) -> None:
        """Wait until an expression has a value. AssertionError after a minute."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        if await self.query(expression):
                            return
                    except aiohttp.ClientError:
                        pass  # it starts
                    await asyncio.sleep(0.2)
        except TimeoutError:
            log = (self._folder / "log").read_text(errors="replace")[-2000:]
            raise AssertionError(f"{expression} has no value\n{log}") from None
