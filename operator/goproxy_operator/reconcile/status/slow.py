"""What replicas report of what makes them slow, as a condition. Pure.

It is there only while something has lasted for minutes, by the replica's own judgement. Its message holds no figure:
the replica's report and its metrics have those.
"""

from collections.abc import Mapping, Sequence

from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.reachability import Statement, told_by, who
from modproxy.contract.report_resources import SlowKind, Slowness

SLOW = "Slow"
_WORDS: Mapping[str, tuple[str, str]] = {
    SlowKind.CPU_WITHHELD: ("CPUWithheld", "their CPU limit keeps replicas from going on for minutes"),
    SlowKind.MEMORY_SHORT: ("MemoryShort", "replicas are near their memory limit, or wait for memory"),
    SlowKind.CPU_SHORT: ("CPUShort", "replicas wait for a free CPU of their node"),
    SlowKind.IO_SLOW: ("DiskSlow", "replicas wait for their disk"),
    SlowKind.DESCRIPTORS_SHORT: ("DescriptorsShort", "replicas have nearly as many files and connections as they may"),
    SlowKind.EVENT_LOOP_BUSY: ("EventLoopBusy", "replicas are too busy to answer at once"),
}
"""The reason and what it means, by kind; the first that holds is the reason of the condition. A newer replica may know
other kinds.
"""


def slow(replicas: Sequence[ReplicaFacts]) -> Statement | None:
    """Return the condition; None while nothing that makes replicas slow has lasted."""
    reports = told_by(replicas, lambda report: report.resources)
    told: list[tuple[str, str]] = []
    for kind, (reason, words) in _WORDS.items():
        of_kind: dict[str, Slowness] = {
            name: one for name, state in reports.items() for one in state.slow if one.lasting and one.kind == kind
        }
        if of_kind:
            remedy = min(one.remedy for one in of_kind.values())
            told.append((reason, f"{words} (seen by {who(of_kind, reports)}){f': {remedy}' if remedy else ''}"))
    return (SLOW, "True", told[0][0], "; ".join(words for _, words in told)) if told else None
