"""What replicas report of the ways in which clients prove who they are, as a condition. Pure."""

from collections.abc import Mapping, Sequence

from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.reachability import Statement, joined, problems, told_by
from modproxy.contract.report import AccessProblem

ACCESS_READY = "AccessReady"
_REASONS = {"oidc": "IssuerUnusable", "serviceAccounts": "ClusterKeysUnknown"}
"""By the first word of the part that has a problem."""


def access_ready(replicas: Sequence[ReplicaFacts]) -> Statement | None:
    """Return the condition; None before a replica has reported, and where the object has no `access`."""
    reports = told_by(replicas, lambda report: report.access_problems)
    if not reports:
        return None
    found = sorted({one.part for problems_of_one in reports.values() for one in problems_of_one})
    if not found:
        return ACCESS_READY, "True", "Ready", "every way in which clients prove who they are can be used"
    told = problems(_alike(reports))
    return ACCESS_READY, "False", _REASONS.get(found[0].partition(" ")[0], "AccessUnusable"), joined(told)


def _alike(reports: Mapping[str, Sequence[AccessProblem]]) -> dict[str, list[str]]:
    """Return the words by replica. Of an issuer all tell what one of them tells, because the times in them differ."""
    words = {name: [(one.part, _words(one)) for one in some] for name, some in reports.items()}
    first = dict(sorted((one for some in words.values() for one in some), reverse=True))
    return {
        name: [first[part] if part.startswith("oidc ") else text for part, text in some] for name, some in words.items()
    }


def _words(problem: AccessProblem) -> str:
    return f"{problem.part}: {problem.problem}{f': {problem.remedy}' if problem.remedy else ''}"
