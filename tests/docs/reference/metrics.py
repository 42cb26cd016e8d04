"""docs/reference/metrics.md: every metric of both programs, from the code that serves them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.metrics import MetricWrapperBase

from goproxy_operator import metrics as of_operator
from modproxy.contract.report import ConfigState, ObjectStoreState, Report, StorageState, Window
from modproxy.contract.report_resources import ResourcesState
from modproxy.resources.cgroup import Container, Pressure
from modproxy.server.metrics import Metrics, UpstreamCounts
from modproxy.server.traffic import Traffic
from tests.docs.reference.table import code, prose, table

_HEAD = """\
# Metrics

This page is generated (`make generate`) from the code that serves them.
[Operations](../operations.md#metrics-and-health) says which are worth an alert, [alerts](alerts.md) which have one.
"""
_REPLICA = "A replica serves these on `/metrics` of its admin port, 8081. Some are there only with what they count.\n"
_OPERATOR = (
    "The operator serves these on `/metrics` of port 8085, beside those of its process (`process_*`: memory, processor "
    "time, descriptors).\n"
)


def metrics() -> str:
    """The page."""
    return "\n".join(
        [
            _HEAD,
            "## Of a replica\n",
            _REPLICA,
            _table((family, tuple(getattr(family, "_labelnames", ()))) for family in _of_replica()),
            "## Of the operator\n",
            _OPERATOR,
            _table((family, labels) for labels, family in _of_operator()),
        ]
    )


def _of_operator() -> Iterable[tuple[tuple[str, ...], Metric]]:
    for found in vars(of_operator).values():
        if isinstance(found, MetricWrapperBase):
            yield found._labelnames, next(iter(found.describe()))


def _of_replica() -> Iterable[Metric]:
    """Yield every family that a replica can serve: with a report that has all of it."""
    report = Report(
        version="",
        ready=True,
        uptime_seconds=0,
        config=ConfigState(hash="0" * 64, generation=1),
        storage=StorageState(used_bytes=0, capacity_bytes=0, objects=0),
        window=Window(seconds=0, hits=0, requests=0, requests_per_second=0),
        requests={},
        object_store=ObjectStoreState(url="s3://modules"),
        resources=ResourcesState(
            seconds=0, open_descriptors=1, descriptor_limit=1, cpu_limit=1, memory_bytes=1, memory_limit_bytes=1
        ),
    )
    pressures = {"cpu": Pressure(0.0, 0.0)}
    container = Container(periods=0, withheld_periods=0, withheld_seconds=0, oom_kills=0, pressures=pressures)
    auditor: Any = SimpleNamespace(
        on=True, failing=False, spooled_bytes=0, counts=SimpleNamespace(records=Counter(), dropped=0)
    )
    cache: Any = SimpleNamespace(mismatches=0)
    peers: Any = SimpleNamespace(counts=SimpleNamespace(requests=Counter()), members=SimpleNamespace(live=(), moves=0))
    served = Metrics(
        Traffic(lambda: 0.0),
        UpstreamCounts(),
        {},
        cache,
        lambda: report,
        auditor=auditor,
        pending=lambda: 0,
        object_store_requests={},
        certificate_expires=lambda: 0.0,
        spans={"sent": 0},
        container=lambda: container,
        peers=peers,
        prefetched={},
        hosted_changes={("publish", "done"): 0},
        webhooks={},
        synced={},
    )
    return served.collect()


def _table(families: Iterable[tuple[Metric, tuple[str, ...]]]) -> str:
    rows = [
        (
            code(f"{family.name}_total" if family.type == "counter" else family.name),
            family.type,
            ", ".join(code(label) for label in labels),
            prose(family.documentation),
        )
        for family, labels in sorted(families, key=lambda found: found[0].name)
    ]
    return table(("metric", "type", "labels", "what it tells"), rows)
