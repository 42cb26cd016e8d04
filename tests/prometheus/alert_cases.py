"""For each alert the metrics by which it fires, and those by which it just does not: series in promtool's notation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Series = Mapping[str, str]
"""Selector -> values: `0+60x30` begins at 0 and goes up by 60 thirty times, a minute apart."""

_FLEET = 'job="team-a",namespace="build",pod="team-a-0"'


def metric(name: str, labels: str = "", *, of: str = _FLEET) -> str:
    """The name of a series of a replica of the fleet."""
    return f"{name}{{{of}{',' + labels if labels else ''}}}"


def requests(code: str, cache: str) -> str:
    return metric("http_requests_total", f'endpoint="mod",code="{code}",cache="{cache}"')


READY = metric("modproxy_ready")
HIT, MISS, FAILED = requests("200", "hit"), requests("200", "miss"), requests("502", "miss")
HITS = metric("modproxy_hit_duration_seconds_count", 'endpoint="mod"')
FAST = metric("modproxy_hit_duration_seconds_bucket", 'endpoint="mod",le="0.1"')
ZIPS = metric("modproxy_hit_duration_seconds_count", 'endpoint="zip"')
FAST_ZIPS = metric("modproxy_hit_duration_seconds_bucket", 'endpoint="zip",le="0.1"')
USED, CAPACITY = metric("modproxy_cache_bytes"), metric("modproxy_cache_capacity_bytes")
ASKED = metric("modproxy_upstream_requests_total", 'code="200"')
REFUSED = metric("modproxy_upstream_requests_total", 'code="503"')
NO_ANSWER = metric("modproxy_upstream_errors_total", 'reason="timeout"')
EXPIRES = metric("modproxy_tls_expiry_timestamp_seconds")

_OPERATOR = 'namespace="goproxy-operator",pod="operator-0"'
LEADING = metric("goproxy_operator_leading", of=_OPERATOR)


def always(value: int, minutes: int) -> str:
    return f"{value}+0x{minutes}"


def rising(a_minute: int, minutes: int) -> str:
    return f"0+{a_minute}x{minutes}"


def healthy(minutes: int) -> dict[str, str]:
    """A fleet, and an operator, of which nobody has to hear."""
    return {
        READY: always(1, minutes),
        HIT: rising(950, minutes),
        MISS: rising(50, minutes),
        HITS: rising(950, minutes),
        FAST: rising(949, minutes),
        ZIPS: rising(100, minutes),
        FAST_ZIPS: rising(10, minutes),
        USED: always(80, minutes),
        CAPACITY: always(100, minutes),
        ASKED: rising(100, minutes),
        EXPIRES: always(90 * 86400, minutes),
        LEADING: always(1, minutes),
        metric("goproxy_operator_reconciles_total", 'result="done"', of=_OPERATOR): rising(60, minutes),
        metric("goproxy_operator_fleets", 'condition="Stalled",status="True"', of=_OPERATOR): always(0, minutes),
    }


@dataclass(frozen=True)
class Case:
    """What is seen, on top of a healthy fleet, and which alerts of those about `alert` are made."""

    alert: str
    says: str
    minutes: int
    series: Series
    fires: frozenset[str] = frozenset()
    """The severities, with the window where there is one: `critical 1h`."""
    absent: frozenset[str] = field(default_factory=frozenset)
    """Series of the healthy fleet that there are not."""


def fires(alert: str, says: str, minutes: int, series: Series, *severities: str, absent: tuple[str, ...] = ()) -> Case:
    return Case(alert, says, minutes, series, frozenset(severities), frozenset(absent))


def quiet(alert: str, says: str, minutes: int, series: Series) -> Case:
    return Case(alert, says, minutes, series)


def _gauge(alert: str, series: str, minutes: int, severity: str = "warning") -> list[Case]:
    """An alert about a gauge that is 1 for so many minutes."""
    return [
        fires(alert, "it lasts", minutes + 2, {series: always(1, minutes + 2)}, severity),
        quiet(alert, "it is short", minutes - 2, {series: always(1, minutes - 2)}),
        quiet(alert, "it is over", minutes + 4, {series: f"{always(1, minutes + 2)} {always(0, 2)}"}),
    ]


def _counter(alert: str, series: str, severity: str) -> list[Case]:
    """An alert about a counter that goes up once."""
    return [
        fires(alert, "it goes up", 10, {series: f"{always(0, 5)} {always(1, 5)}"}, severity),
        quiet(alert, "it stands", 30, {series: always(3, 30)}),
        quiet(alert, "it went up long ago", 40, {series: f"{always(0, 5)} {always(1, 35)}"}),
    ]


_DAY = 24 * 60
_ALL = ("critical 1h", "critical 6h", "warning 1d", "warning 3d")

OF_FLEETS: list[Case] = [
    fires("GoProxyDown", "no replica is ready", 7, {READY: always(0, 7)}, "critical"),
    fires("GoProxyDown", "none is scraped", 7, {}, "critical", absent=(READY,)),
    quiet("GoProxyDown", "it comes back", 7, {READY: f"{always(0, 4)} {always(1, 2)}"}),
    quiet("GoProxyDown", "another replica is ready", 7, {
        READY: always(0, 7), READY.replace("team-a-0", "team-a-1"): always(1, 7)}),
    *_gauge("GoProxyDiskPressure", metric("modproxy_disk_pressure"), 10),
    *_gauge("GoProxyConfigRefused", metric("modproxy_config_error"), 10),
    *_gauge("GoProxyObjectStoreFails", metric("modproxy_object_store_failing"), 10),
    *_gauge("GoProxyAuditNotDelivered", metric("modproxy_audit_failing"), 10),
    fires("GoProxyReplicaNotReady", "it lasts", 17, {READY: always(0, 17)}, "warning"),
    quiet("GoProxyReplicaNotReady", "it starts", 14, {READY: always(0, 14)}),
    *_counter("GoProxyChecksumMismatch", metric("modproxy_checksum_mismatches_total"), "critical"),
    *_counter("GoProxyAuditLost", metric("modproxy_audit_lost_total"), "critical"),
    fires("GoProxyUpstreamErrors", "every fourth answer is 503", 17, {
        ASKED: rising(75, 17), REFUSED: rising(25, 17)}, "warning"),
    fires("GoProxyUpstreamErrors", "there is no answer", 17, {
        ASKED: always(0, 17), NO_ANSWER: rising(10, 17)}, "warning"),
    quiet("GoProxyUpstreamErrors", "every tenth fails", 17, {
        ASKED: rising(90, 17), NO_ANSWER: rising(10, 17)}),
    fires("GoProxyCertificateExpires", "two days are left", 70, {EXPIRES: always(2 * 86400, 70)}, "critical"),
    quiet("GoProxyCertificateExpires", "a month is left", 70, {EXPIRES: always(30 * 86400, 70)}),
    # 2 % of all requests fail: twenty times what 99.9 % allow.
    fires("GoProxyAvailabilityBurn", "every fiftieth request fails", 60, {FAILED: rising(20, 60)}, *_ALL),
    fires("GoProxyAvailabilityBurn", "0.8 % fail", 7 * 60, {FAILED: rising(8, 7 * 60)}, *_ALL[1:]),
    fires("GoProxyAvailabilityBurn", "0.4 % fail for a day", _DAY, {FAILED: rising(4, _DAY)}, *_ALL[2:]),
    fires("GoProxyAvailabilityBurn", "0.2 % fail for days", 3 * _DAY, {FAILED: rising(2, 3 * _DAY)}, *_ALL[3:]),
    quiet("GoProxyAvailabilityBurn", "0.05 % fail for days", 3 * _DAY, {
        HIT: rising(1950, 3 * _DAY), FAILED: rising(1, 3 * _DAY)}),
    quiet("GoProxyAvailabilityBurn", "few requests, of which some fail", 60, {
        HIT: rising(1, 60), MISS: always(0, 60), FAILED: f"{always(0, 50)} {rising(1, 8)}"}),
    quiet("GoProxyAvailabilityBurn", "refusals and absences are answers", 60, {
        requests("403", "denied"): rising(500, 60), requests("404", "negative"): rising(500, 60)}),
    quiet("GoProxyAvailabilityBurn", "nobody asks", 60, {HIT: always(0, 60), MISS: always(0, 60)}),
    fires("GoProxyHitRateBurn", "four of five are misses", _DAY, {
        HIT: rising(200, _DAY), MISS: rising(800, _DAY)}, "warning 1d", "warning 3d"),
    fires("GoProxyHitRateBurn", "two of five are misses", 3 * _DAY, {
        HIT: rising(600, 3 * _DAY), MISS: rising(400, 3 * _DAY)}, "warning 3d"),
    quiet("GoProxyHitRateBurn", "one of five is a miss", 3 * _DAY, {
        HIT: rising(800, 3 * _DAY), MISS: rising(200, 3 * _DAY)}),
    quiet("GoProxyHitRateBurn", "the object store has them", _DAY, {
        HIT: rising(200, _DAY), requests("200", "objectStore"): rising(800, _DAY)}),
    quiet("GoProxyHitRateBurn", "refusals are no misses", _DAY, {requests("403", "denied"): rising(9000, _DAY)}),
    fires("GoProxyHitLatencyBurn", "every fifth hit is slow", 60, {FAST: rising(760, 60)}, *_ALL),
    quiet("GoProxyHitLatencyBurn", "zips are slow", 60, {FAST_ZIPS: always(0, 60)}),
    fires("GoProxyStorageBurn", "it is full for hours", 180, {USED: always(95, 180)}, "warning 1d", "warning 3d"),
    quiet("GoProxyStorageBurn", "it is at the watermark", 3 * 60, {USED: always(85, 3 * 60)}),
]  # fmt: skip


def _of_operator(name: str, labels: str = "") -> str:
    return metric(name, labels, of=_OPERATOR)


_STALLED = _of_operator("goproxy_operator_fleets", 'condition="Stalled",status="True"')
_AGE = _of_operator("goproxy_operator_queue_age_seconds")
_RECONCILED = _of_operator("goproxy_operator_reconciles_total", 'result="done"')
_NOT_RECONCILED = _of_operator("goproxy_operator_reconciles_total", 'result="failed"')
_FORBIDDEN = _of_operator("goproxy_operator_api_calls_total", 'verb="patch",resource="services",code="403"')
_WAITING = _of_operator("goproxy_operator_rollouts", 'state="waiting"')
_FAULTS = _of_operator("goproxy_operator_faults_total")

OF_OPERATOR: list[Case] = [
    fires("GoProxyOperatorDown", "nobody leads", 7, {LEADING: always(0, 7)}, "critical"),
    fires("GoProxyOperatorDown", "none is scraped", 7, {}, "critical", absent=(LEADING,)),
    quiet("GoProxyOperatorDown", "another leads", 7, {
        LEADING: always(0, 7), LEADING.replace("operator-0", "operator-1"): always(1, 7)}),
    fires("GoProxyOperatorQueueOld", "a fleet waits for 45 s", 12, {_AGE: always(45, 12)}, "warning"),
    quiet("GoProxyOperatorQueueOld", "it waits for 20 s", 12, {_AGE: always(20, 12)}),
    fires("GoProxyOperatorReconcilesFail", "a third fails", 30, {
        _RECONCILED: rising(20, 30), _NOT_RECONCILED: rising(10, 30)}, "warning"),
    quiet("GoProxyOperatorReconcilesFail", "a tenth fails", 30, {
        _RECONCILED: rising(90, 30), _NOT_RECONCILED: rising(10, 30)}),
    fires("GoProxyOperatorForbidden", "it is forbidden again and again", 30, {_FORBIDDEN: rising(1, 30)}, "warning"),
    quiet("GoProxyOperatorForbidden", "it was forbidden once", 40, {_FORBIDDEN: f"{always(0, 3)} {always(1, 36)}"}),
    *_counter("GoProxyOperatorFaults", _FAULTS, "warning"),
    fires("GoProxyFleetStalled", "two are stalled", 62, {_STALLED: always(2, 62)}, "warning"),
    quiet("GoProxyFleetStalled", "two are stalled for a while", 62, {_STALLED: f"{always(2, 50)} {always(0, 12)}"}),
    fires("GoProxyRolloutsWait", "three wait for hours", 130, {_WAITING: always(3, 130)}, "warning"),
    quiet("GoProxyRolloutsWait", "they have their turns", 130, {_WAITING: "20-1x20 0+0x110"}),
]  # fmt: skip
