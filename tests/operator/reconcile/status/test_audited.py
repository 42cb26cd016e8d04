"""The condition about the audit log."""

from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.audited import audit_delivered
from modproxy.contract.report import AuditState
from tests.operator.reconcile.status.status_facts import report

URL = "https://es.example.com"


def replica(name: str, audit: AuditState | None) -> ReplicaFacts:
    return ReplicaFacts(name, True, report().model_copy(update={"audit": audit}))


def failing(why: str = "is busy: it answers 503", since: float = 1764211144.0, spooled: int = 1) -> AuditState:
    return AuditState(receiver=URL, failure=why, since=since, spooled_bytes=spooled)


def test_without_an_audit_log_there_is_no_condition() -> None:
    assert audit_delivered([replica("a-0", None)]) is None
    assert audit_delivered([]) is None


def test_it_is_true_while_records_arrive() -> None:
    found = audit_delivered([replica("a-0", AuditState(receiver=URL, spooled_bytes=7))])
    assert found is not None and found[1:3] == ("True", "Delivered")


def test_a_receiver_that_fails_is_told_without_figures_that_move() -> None:
    one = audit_delivered([replica("a-0", failing()), replica("a-1", failing(since=1764219999.0))])
    later = audit_delivered([replica("a-0", failing(spooled=99)), replica("a-1", failing(since=1764219999.0))])
    assert one == later
    assert one == (
        "AuditDelivered",
        "False",
        "AuditReceiverFails",
        f"{URL} is busy: it answers 503 since 2025-11-27T02:39Z (seen by all replicas); the records wait on the "
        "replicas' disks and are sent when it answers",
    )


def test_a_loss_is_told_first() -> None:
    lost = AuditState(receiver=URL, losing="the spool is full", dropped=3)
    found = audit_delivered([replica("a-0", lost), replica("a-1", failing())])
    assert found is not None and found[2] == "AuditRecordsLost"
    assert "the spool is full (seen by a-0)" in found[3] and "is busy" in found[3] and "3" not in found[3].split(";")[0]


def test_a_replica_may_report_any_time() -> None:
    found = audit_delivered([replica("a-0", failing(since=1e10))])
    assert found is not None and "2286" in found[3]
