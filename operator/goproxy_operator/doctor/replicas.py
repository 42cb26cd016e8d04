"""What the replicas themselves say of what is wrong. Pure."""

from collections.abc import Iterator, Mapping

from goproxy_operator.doctor.hop import SLOW_SECONDS
from goproxy_operator.go_env.finding import Finding, Weight
from modproxy.contract.probe import Probe, ProbedPlace
from modproxy.contract.report import Report
from modproxy.contract.report_fields import plain_text

_OF_SERVERS = "check spec.upstream (httpProxy, trustedCASecretName, egressCIDRs), NetworkPolicies and that server"
_REMEDIES = {
    "peer": "see `goproxy-operator status`, and the NetworkPolicies between the replicas of the fleet",
    "objectStore": "check spec.cache.objectStore and its Secret, and that the store is reached from the replicas",
    "parent": "check spec.cache.parent, access.children of the parent, and NetworkPolicies",
}
"""What to do about a place that fails, by its kind."""
_SLOW_STEPS = {
    "name": "look at the cluster's DNS, and at the search domains of the pods (ndots)",
    "connection": "look at the route, and at firewalls between the cluster and that server",
    "TLS": "look at that server, or at the HTTP proxy on the way to it",
    "first byte": "look at that server",
}


def judge_replicas(reports: Mapping[str, Report | Exception]) -> Iterator[Finding]:
    """Yield the troubles of each replica, the same one of several once."""
    seen: dict[tuple[str, str], tuple[Weight, str, list[str]]] = {}
    for name, report in reports.items():
        found = _unseen(report) if isinstance(report, Exception) else _of(report)
        for one in found:
            seen.setdefault((one.code, one.text), (one.weight, one.remedy, []))[2].append(name)
    for (code, text), (weight, remedy, names) in seen.items():
        who = ", ".join(sorted(names)[:4]) + (" ..." if len(names) > 4 else "")
        yield Finding(code, weight, f"replica {plain_text(who)}: {text}", remedy)


def judge_probes(
    probes: Mapping[str, Probe], reports: Mapping[str, Report | Exception], slow_after: float = SLOW_SECONDS
) -> Iterator[Finding]:
    """Yield the places that fail for a replica just now, of which no report tells already, and those that are slow.

    `slow_after` is in seconds.
    """
    known = {
        plain_text(one.place).rstrip("/")
        for report in reports.values()
        if isinstance(report, Report)
        for one in report.outages or ()
        if one.failing
    }
    yield from _slow_places(probes, slow_after)
    failing: dict[tuple[str, str, str, bool], list[str]] = {}
    for replica, probe in probes.items():
        for place in probe.places:
            if place.failure and plain_text(place.name).rstrip("/") not in known:
                key = (place.kind, plain_text(place.name), plain_text(place.failure), place.fallback)
                failing.setdefault(key, []).append(replica)
    for (kind, name, failure, is_fallback), replicas in failing.items():
        yield Finding(
            "replica-place",
            Weight.NOTE if is_fallback else Weight.WRONG,
            f"replica {plain_text(', '.join(sorted(replicas)[:4]))}: {name} {failure}"
            + (", and is asked for what no upstream has" if is_fallback else ""),
            _REMEDIES.get(kind, _OF_SERVERS),
        )


def _slow_places(probes: Mapping[str, Probe], slow_after: float) -> Iterator[Finding]:
    slowest: dict[str, tuple[float, str, ProbedPlace]] = {}
    for replica, probe in probes.items():
        for place in probe.places:
            if not place.failure and place.seconds > slow_after and place.seconds > slowest.get(place.name, (0.0,))[0]:
                slowest[place.name] = place.seconds, replica, place
    for seconds, replica, place in slowest.values():
        steps = {
            "name": place.dns_seconds,
            "connection": place.connect_seconds,
            "TLS": place.tls_seconds,
            "first byte": place.first_byte_seconds,
        }
        step = max(steps, key=lambda one: steps[one] or 0.0)
        yield Finding(
            "replica-place-slow",
            Weight.WORTH_A_LOOK,
            f"replica {plain_text(replica)}: {plain_text(place.name)} takes {seconds:.1f} s, of which the {step} takes "
            f"{steps[step] or 0.0:.1f} s",
            _SLOW_STEPS[step],
        )


def _unseen(error: Exception) -> Iterator[Finding]:
    yield Finding("replica-unseen", Weight.WORTH_A_LOOK, f"its report is not known: {plain_text(str(error))}")


def _of(report: Report) -> Iterator[Finding]:
    if not report.ready:
        yield Finding("replica-not-ready", Weight.WRONG, "it is not ready", "see `goproxy-operator status`")
    if report.config.error:
        yield Finding(
            "replica-config",
            Weight.WRONG,
            f"keeps an older config: {plain_text(report.config.error)}",
            "correct the object or the Secret that is named",
        )
    for warning in report.config.warnings:
        yield Finding("replica-warning", Weight.WORTH_A_LOOK, plain_text(warning))
    for outage in report.outages or ():
        weight = Weight.WRONG if outage.failing else Weight.WORTH_A_LOOK
        yield Finding(
            "replica-outage",
            weight,
            f"{plain_text(outage.place)} {plain_text(outage.cause)}",
            plain_text(outage.remedy),
        )
    for problem in report.secret_problems or ():
        yield Finding(
            "replica-secret", Weight.WRONG, f"Secret {plain_text(problem.secret)}: {plain_text(problem.problem)}"
        )
    for trouble in report.access_problems or ():
        yield Finding(
            "replica-access",
            Weight.WRONG,
            f"{plain_text(trouble.part)}: {plain_text(trouble.problem)}",
            plain_text(trouble.remedy),
        )
    if report.storage.disk_pressure:
        yield Finding(
            "replica-disk", Weight.WRONG, plain_text(report.storage.disk_pressure), "enlarge cache.storage.size"
        )
    if report.peers is not None and report.peers.failure:
        yield Finding(
            "replica-peers", Weight.WORTH_A_LOOK, plain_text(report.peers.failure), plain_text(report.peers.remedy)
        )
    if report.object_store is not None and report.object_store.failure:
        yield Finding(
            "replica-object-store",
            Weight.WORTH_A_LOOK,
            plain_text(report.object_store.failure),
            plain_text(report.object_store.remedy),
        )
    for slow in report.resources.slow if report.resources is not None else ():
        yield Finding("replica-slow", Weight.WORTH_A_LOOK, plain_text(slow.finding), plain_text(slow.remedy))
