"""What replicas report of servers that fail and of Secrets that cannot be used, as conditions. Pure.

The conditions are there once a replica has reported, so that they cost no write of their own, and they are true again
when the reports say so. Their messages hold no figure and no time, and "some replicas" where a list of names would
move. What clients may choose, such as the hosts of modules that the object does not name, is in no condition.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from modproxy.contract.report import Outage, Report, Role

UPSTREAM_REACHABLE = "UpstreamReachable"
CREDENTIALS_READY = "CredentialsReady"
_MOST_TOLD = 3
"""Causes in one message. People mend one after the other."""
_ROLES = {
    Role.UPSTREAM: "upstream",
    Role.DATABASE: "checksum database",
    Role.VERSION_CONTROL: "version control at",
    Role.HTTP_PROXY: "HTTP proxy",
    Role.PARENT: "parent",
}
_REASONS = {
    "dns": "HostNotFound",
    "connect": "ConnectionFailed",
    "reset": "ConnectionFailed",
    "timeout": "NoAnswer",
    "tls": "CertificateNotTrusted",
    "401": "LoginRefused",
    "407": "LoginRefused",
    "refused": "LoginRefused",
    "hostKey": "HostKeyRefused",
    "signature": "SignatureRefused",
    "room": "NoRoom",
}
"""By the kind of an outage, as replicas name it."""
_OTHER_REASON = "ServerFails"

T = TypeVar("T")
Statement = tuple[str, str, str, str]
"""Type, status, reason, message."""


def upstream_reachable(replicas: Sequence[ReplicaFacts]) -> Statement | None:
    """Return the condition about the servers that the object names; None before a replica has reported of them."""
    if not told_by(replicas, lambda report: report.outages):
        return None
    # A parent has a condition of its own.
    found = failing_servers(replicas, lambda outage: outage.role != Role.PARENT)
    if not found:
        return UPSTREAM_REACHABLE, "True", "NoFailures", "no server that the object names fails"
    return UPSTREAM_REACHABLE, "False", found[0][1], joined([words for words, _ in found])


def failing_servers(replicas: Sequence[ReplicaFacts], concerns: Callable[[Outage], bool]) -> list[tuple[str, str]]:
    """Return words and reason of each server that the config names and that fails, of those that it `concerns`."""
    reports = told_by(replicas, lambda report: report.outages)
    found: dict[tuple[str, str], dict[str, Outage]] = defaultdict(dict)
    for name, outages in reports.items():
        for outage in outages:
            if outage.failing and outage.named and concerns(outage):
                found[outage.role, outage.place][name] = outage
    return [
        (
            _outage_words(failing, reports),
            _REASONS.get(_usual(outage.kind for outage in failing.values()), _OTHER_REASON),
        )
        for _, failing in sorted(found.items())
    ]


def credentials_ready(replicas: Sequence[ReplicaFacts]) -> Statement | None:
    """Return the condition about the Secrets that the object names; None before a replica has reported of them."""
    reports = told_by(replicas, lambda report: report.secret_problems)
    if not reports:
        return None
    told = problems({name: [one.problem for one in found] for name, found in reports.items()})
    if not told:
        return CREDENTIALS_READY, "True", "SecretsReadable", "every Secret that the object names can be used"
    return CREDENTIALS_READY, "False", "SecretUnusable", joined(told)


def told_by(replicas: Sequence[ReplicaFacts], of: Callable[[Report], T | None]) -> dict[str, T]:
    """Return one part of the reports, by replica, of those that have it: an older replica has not each part."""
    parts = {replica.name: of(replica.report) for replica in replicas if replica.report is not None}
    return {name: part for name, part in parts.items() if part is not None}


def config_warnings(replicas: Sequence[ReplicaFacts]) -> str:
    """Return the problems that do not keep a config from being in force, "" without any."""
    return joined(problems({r.name: r.report.config.warnings for r in replicas if r.report is not None}))


def _outage_words(failing: Mapping[str, Outage], reports: Mapping[str, object]) -> str:
    kind = _usual(outage.kind for outage in failing.values())
    alike = [outage for outage in failing.values() if outage.kind == kind]
    outage = min(alike, key=lambda one: (one.cause, one.remedy))
    role = next((words for known, words in _ROLES.items() if known == outage.role), "server")
    remedy = f": {outage.remedy}" if outage.remedy else ""
    return f"{role} {outage.place} {outage.cause} (seen by {who(failing, reports)}){remedy}"


def problems(texts: Mapping[str, Iterable[str]]) -> list[str]:
    """Return each text once, with the replicas that report it. `texts` is by replica."""
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for name, problems in texts.items():
        for problem in problems:
            found[problem][name] = True
    return [f"{problem} (seen by {who(names, texts)})" for problem, names in sorted(found.items())]


def who(some: Mapping[str, object], reporting: Mapping[str, object]) -> str:
    """Say which of the replicas that report have something, without a list of names that would move."""
    if len(some) == len(reporting):
        return "all replicas"
    return next(iter(some)) if len(some) == 1 else "some replicas"


def _usual(kinds: Iterable[str]) -> str:
    counted = Counter(kinds)
    return min(counted, key=lambda kind: (-counted[kind], kind))


def joined(told: Sequence[str]) -> str:
    """Return the first few texts in one."""
    more = ["and more"] if len(told) > _MOST_TOLD else []
    return "; ".join([*told[:_MOST_TOLD], *more])
