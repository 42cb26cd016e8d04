"""The condition about what makes replicas slow."""

from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.help_links import DOCUMENTED
from goproxy_operator.reconcile.status.reported import told
from goproxy_operator.reconcile.status.slow import slow
from modproxy.contract.report_resources import ResourcesState, SlowKind, Slowness
from tests.operator.reconcile.status.status_facts import report


def finding(kind: str, *, lasting: bool = True, words: str = "38 %", remedy: str = "raise it") -> Slowness:
    return Slowness(kind=kind, finding=words, remedy=remedy, since=1.0, lasting=lasting)


def replica(name: str, *findings: Slowness) -> ReplicaFacts:
    resources = ResourcesState(seconds=60.0, slow=findings)
    return ReplicaFacts(name, True, report().model_copy(update={"resources": resources}))


def test_there_is_none_while_nothing_lasts() -> None:
    assert slow([]) is None
    assert slow([ReplicaFacts("a-0", True, report())]) is None  # an older replica
    assert slow([replica("a-0"), replica("a-1", finding("cpuWithheld", lasting=False))]) is None
    assert slow([replica("a-0", finding("ofTheFuture"))]) is None


def test_it_names_who_what_and_what_to_do() -> None:
    found = slow([replica("a-0"), replica("a-1", finding("cpuWithheld", remedy="raise the limit"))])
    assert found == (
        "Slow",
        "True",
        "CPUWithheld",
        "their CPU limit keeps replicas from going on for minutes (seen by a-1): raise the limit",
    )


def test_the_worst_is_the_reason_and_all_are_told() -> None:
    found = slow([replica("a-0", finding("ioSlow"), finding("memoryShort"))])
    assert found is not None
    assert found[2] == "MemoryShort"
    assert found[3].index("memory limit") < found[3].index("wait for their disk")


def test_figures_that_move_are_no_news() -> None:
    one, other = (replica("a-0", finding("ioSlow", words=words)) for words in ("61 %", "62 %"))
    assert slow([one]) == slow([other])
    assert one.report is not None and other.report is not None
    assert told({"a-0": one.report}, {}, 0.0) == told({"a-0": other.report}, {}, 0.0)


def test_each_kind_has_a_reason_with_help() -> None:
    reasons = {found[2] for kind in SlowKind if (found := slow([replica("a-0", finding(kind))])) is not None}
    assert len(reasons) == len(SlowKind)
    assert reasons <= DOCUMENTED
