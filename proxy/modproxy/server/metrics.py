"""The page `/metrics`, which is computed from plain counters each time that it is requested."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import product

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from modproxy.audit.auditor import Auditor
from modproxy.cache.lookup import Cache
from modproxy.contract.config import PolicyMode
from modproxy.contract.report import ObjectStoreState, Report
from modproxy.fleet.peers import Peers
from modproxy.policy.decision import RuleKind
from modproxy.resources.cgroup import Container
from modproxy.server.resource_metrics import of_resources
from modproxy.server.traffic import BUCKETS, Durations, Traffic


class UpstreamCounts:
    """Counts how requests to upstream ended, for metrics."""

    def __init__(self) -> None:
        self.by_result: Counter[str] = Counter()
        """How many requests ended in each way: with a status code, or with the name of an error."""

    def count(self, result: str) -> None:
        """Count the end of one request: `result` is a status code or the name of an error."""
        self.by_result[result] += 1


class Metrics(Collector):
    """Renders a replica's figures in Prometheus' text format."""

    def __init__(
        self,
        traffic: Traffic,
        upstream: UpstreamCounts,
        refusals: Mapping[tuple[str, str], int],
        cache: Cache,
        report: Callable[[], Report],
        *,
        auditor: Auditor,
        pending: Callable[[], int],
        object_store_requests: Mapping[tuple[str, str], int],
        certificate_expires: Callable[[], float | None],
        container: Callable[[], Container | None],
        peers: Peers | None = None,
        prefetched: Mapping[str, int],
        hosted_changes: Mapping[tuple[str, str], int],
        webhooks: Mapping[tuple[str, str], int],
        synced: Mapping[str, int],
    ) -> None:
        self._webhooks = webhooks
        self._synced = synced
        self._prefetched = prefetched
        self._hosted_changes = hosted_changes
        self._traffic = traffic
        self._upstream = upstream
        self._refusals = refusals
        self._cache = cache
        self._report = report
        self._auditor = auditor
        self._pending = pending
        self._peers = peers
        self._object_store_requests = object_store_requests
        self._certificate_expires = certificate_expires
        self._container = container
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def render(self) -> bytes:
        """Return the page in Prometheus' text format."""
        return generate_latest(self._registry)

    def describe(self) -> list[Metric]:
        """Return nothing, because the registry would otherwise call `collect` when the collector is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family."""
        yield from self._of_clients()
        yield from self._of_upstream()
        yield from self._of_audit()
        yield from self._of_hosted()
        yield from self._of_work_ahead()
        if self._peers is not None:
            yield from _of_peers(self._peers)
        report = self._report()
        yield from self._of_state(report)
        if report.resources is not None:
            yield from of_resources(report.resources, self._container())

    def _of_clients(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "http_requests", "Client requests by how they were answered.", labels=["endpoint", "code", "cache"]
        )
        for (endpoint, code, outcome), count in self._traffic.requests.items():
            requests.add_metric([endpoint, str(code), outcome], count)
        yield requests
        text = "From a client's request to the end of its answer."
        yield _histogram("http_request_duration_seconds", text, self._traffic.durations)
        text = "The same for hits: no request left the fleet for them."
        yield _histogram("modproxy_hit_duration_seconds", text, self._traffic.hit_durations)
        refused = CounterMetricFamily(
            "modproxy_policy_refusals",
            "Requests for modules that may not be had; in DryRun they were served.",
            labels=["rule", "mode"],
        )
        for rule, mode in product(RuleKind, PolicyMode):
            refused.add_metric([rule.value, mode.value], self._refusals.get((rule.value, mode.value), 0))
        yield refused

    def _of_upstream(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("modproxy_upstream_requests", "Requests sent to upstreams.", labels=["code"])
        errors = CounterMetricFamily(
            "modproxy_upstream_errors", "Upstream requests without an answer.", labels=["reason"]
        )
        for result, count in self._upstream.by_result.items():
            (requests if result.isdigit() else errors).add_metric([result], count)
        yield requests
        yield errors
        yield CounterMetricFamily(
            "modproxy_checksum_mismatches",
            "Fetches refused because the checksum database says otherwise: each is a security event.",
            self._cache.mismatches,
        )

    def _of_work_ahead(self) -> Iterator[Metric]:
        for name, text, counts in (
            ("prefetch", "Files that prefetches asked for.", self._prefetched),
            ("sync", "Files of modules that are kept complete that were asked for.", self._synced),
        ):
            files = CounterMetricFamily(f"modproxy_{name}_files", text, labels=["outcome"])
            for outcome, count in sorted(counts.items()):
                files.add_metric([outcome], count)
            yield files
        webhooks = CounterMetricFamily("modproxy_webhooks", "Webhooks of forges.", labels=["forge", "outcome"])
        for (forge, outcome), count in sorted(self._webhooks.items()):
            webhooks.add_metric([forge, outcome], count)
        yield webhooks

    def _of_audit(self) -> Iterator[Metric]:
        if not self._auditor.on:
            return
        records = CounterMetricFamily(
            "modproxy_audit_records", "Records of the audit log.", labels=["target", "outcome"]
        )
        for (target, outcome), count in sorted(self._auditor.counts.records.items()):
            records.add_metric([target, outcome], count)
        yield records
        failing = int(self._auditor.failing)
        yield GaugeMetricFamily("modproxy_audit_failing", "1 while the receiver takes no audit records.", failing)
        lost = self._auditor.counts.dropped
        yield CounterMetricFamily("modproxy_audit_lost", "Audit records that some target never got.", lost)
        text = "Bytes of audit records on the disk that the receiver does not have yet."
        yield GaugeMetricFamily("modproxy_audit_spooled_bytes", text, self._auditor.spooled_bytes)

    def _of_hosted(self) -> Iterator[Metric]:
        if not self._hosted_changes:
            return
        text = "Publications and deletions of modules of the fleet's own."
        changes = CounterMetricFamily("modproxy_hosted_changes", text, labels=["action", "outcome"])
        for (action, outcome), count in sorted(self._hosted_changes.items()):
            changes.add_metric([action, outcome], count)
        yield changes

    def _of_object_store(self, state: ObjectStoreState | None) -> Iterator[Metric]:
        if state is None:
            return
        requests = CounterMetricFamily(
            "modproxy_object_store_requests", "Requests to the object store.", labels=["operation", "outcome"]
        )
        for (operation, outcome), count in sorted(self._object_store_requests.items()):
            requests.add_metric([operation, outcome], count)
        yield requests
        text = "Files that are still to be written to the object store."
        yield GaugeMetricFamily("modproxy_object_store_waiting", text, state.waiting)
        text = "Files that were removed before the object store had them."
        yield CounterMetricFamily("modproxy_object_store_lost", text, state.lost)
        failing = int(state.failure is not None)
        yield GaugeMetricFamily("modproxy_object_store_failing", "1 while the object store cannot be used.", failing)

    def _of_state(self, report: Report) -> Iterator[Metric]:
        yield from self._of_object_store(report.object_store)
        storage, config = report.storage, report.config
        for name, text, value in (
            ("cache_bytes", "Bytes of the files that are held.", storage.used_bytes),
            ("cache_capacity_bytes", "Bytes that may be held.", storage.capacity_bytes),
            ("cache_objects", "Files that are held.", storage.objects),
            ("cache_pending", "Files that are served and are not on the disk yet.", self._pending()),
            (
                "disk_pressure",
                "1 while nothing is stored, or soon will not be.",
                int(storage.disk_pressure is not None),
            ),
            ("cache_scanned", "1 once what a former process left has been counted.", int(storage.scanned)),
            ("config_generation", "Configs taken since the start.", config.generation),
            ("config_error", "1 while a newer config is refused.", int(config.error is not None)),
            ("ready", "1 while requests are welcome.", int(report.ready)),
        ):
            yield GaugeMetricFamily(f"modproxy_{name}", text, value)
        if (expires := self._certificate_expires()) is not None:
            text = "When the certificate that clients are shown is good no more, in seconds of Unix time."
            yield GaugeMetricFamily("modproxy_tls_expiry_timestamp_seconds", text, expires)
        info = GaugeMetricFamily("modproxy_build_info", "The program's version.", labels=["version"])
        info.add_metric([report.version], 1)
        yield info


def _histogram(name: str, text: str, kept: Mapping[str, Durations]) -> Metric:
    family = HistogramMetricFamily(name, text, labels=["endpoint"])
    for endpoint, durations in kept.items():
        sums, below = [], 0
        for bound, count in zip([*map(str, BUCKETS), "+Inf"], durations.counts, strict=True):
            below += count
            sums.append((bound, below))
        family.add_metric([endpoint], sums, durations.total)
    return family


def _of_peers(peers: Peers) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "modproxy_peer_requests", "Requests between replicas of the fleet.", labels=["direction", "outcome"]
    )
    for (direction, outcome), count in sorted(peers.counts.requests.items()):
        requests.add_metric([direction, outcome], count)
    yield requests
    yield GaugeMetricFamily("modproxy_peers", "Other replicas that answer.", len(peers.members.live))
    text = "Changes of the replicas that can own modules."
    yield CounterMetricFamily("modproxy_owner_moves", text, peers.members.moves)
