"""What a status is made from, for tests: a fleet of two replicas that serves, and changes to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.facts import StatusFacts
from modproxy.contract.report import ConfigState, Report, StorageState, Window
from tests.operator.objects import goproxy

Object = dict[str, Any]


NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


LATER = datetime(2026, 3, 4, 6, 0, 0, tzinfo=UTC)


GI = 2**30


def report(
    *,
    hits: int = 97,
    requests: int = 100,
    rate: float = 206.0,
    used: int = 31,
    config: str = "c1",
    pressure: str | None = None,
) -> Report:
    return Report(
        version="1",
        ready=True,
        uptime_seconds=60,
        config=ConfigState(hash=config, generation=1),
        storage=StorageState(used_bytes=used * GI, capacity_bytes=50 * GI, objects=9, disk_pressure=pressure),
        window=Window(seconds=60, hits=hits, requests=requests, requests_per_second=rate),
        requests={},
    )


def stateful_set(*, wanted: int = 2, seen: bool = True, **status: int) -> Object:
    counts = {"replicas": 2, "readyReplicas": 2, "updatedReplicas": 2} | status
    rolling = counts["updatedReplicas"] < counts["replicas"]
    return {
        "metadata": {"name": "team-a", "uid": "s", "generation": 4},
        "spec": {"replicas": wanted},
        "status": {
            "observedGeneration": 4 if seen else 3,
            "currentRevision": "team-a-1",
            "updateRevision": "team-a-2" if rolling else "team-a-1",
            **counts,
        },
    }


def facts(**changed: Any) -> StatusFacts:
    given: Object = {
        "goproxy": goproxy(),
        "stateful_set": stateful_set(),
        "autoscaler": None,
        "replicas": [
            ReplicaFacts("team-a-0", True, report()),
            ReplicaFacts("team-a-1", True, report(hits=100, used=5)),
        ],
        "config_hash": "c1",
    }
    return StatusFacts(**(given | changed))


def conditions(status: Object) -> dict[str, tuple[str, str, str]]:
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in status["conditions"]}
