"""The conditions about peers, object stores and parents."""

from __future__ import annotations

from typing import Any

from goproxy_operator.kube.resources import Key
from goproxy_operator.reconcile.decide.family import ALONE, Family
from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.reachability import upstream_reachable
from goproxy_operator.reconcile.status.reported import figures, told
from goproxy_operator.reconcile.status.sharing import object_store_ready, parent_ready, peers_ready
from goproxy_operator.reconcile.status.status import News, compute_status, news, not_scraped_yet
from modproxy.contract.report import ObjectStoreState, Outage, PeersState, Report
from tests.operator.reconcile.status.status_facts import LATER, NOW, conditions, facts, report

SINCE = 1_000_000.0
USED = Family(parent=Key("platform", "org"))


def reporting(**parts: Any) -> Report:
    return report().model_copy(update=parts)


def fleet(*states: PeersState | None) -> list[ReplicaFacts]:
    return [ReplicaFacts(f"a-{n}", True, reporting(peers=state)) for n, state in enumerate(states)]


def peer(n: int, *seen: int, known: int = 2, failure: str | None = None) -> PeersState:
    return PeersState(
        name=f"a-{n}",
        seen=tuple(f"a-{other}" for other in seen),
        known=known,
        failure=failure,
        remedy="look for a NetworkPolicy" if failure else "",
        since=SINCE if failure else None,
    )


WHOLE = fleet(peer(0, 1, 2), peer(1, 0, 2), peer(2, 0, 1))
APART = fleet(peer(0, 1, failure="a-2 does not answer"), peer(1, 0, 2), peer(2, 0, 1))


def test_peers() -> None:
    assert peers_ready([], SINCE) is None
    assert peers_ready(fleet(peer(0, known=0)), SINCE) is None, "one replica has no peers"
    assert peers_ready(fleet(None, None), SINCE) is None, "older replicas report none"
    assert peers_ready(WHOLE, SINCE) == ("PeersReady", "True", "PeersAnswer", "the replicas answer each other")


def test_replicas_that_miss_each_other_are_told_when_that_has_lasted() -> None:
    assert peers_ready(APART, SINCE + 119) == peers_ready(WHOLE, SINCE)
    found = peers_ready(APART, SINCE + 120)
    assert found is not None and found[1:3] == ("False", "PeersUnreachable")
    assert found[3].startswith("a-2 does not answer: look for a NetworkPolicy (seen by a-0); each replica")
    assert peers_ready(APART, SINCE + 9999) == found, "nothing in it moves"


def test_the_scraping_tells_when_it_has_lasted() -> None:
    reports = {one.name: one.report for one in APART if one.report is not None}
    assert told(reports, {}, SINCE + 1) == told(reports, {}, SINCE + 60)
    assert told(reports, {}, SINCE + 60) != told(reports, {}, SINCE + 120)
    assert told(reports, {}, SINCE + 120) == told(reports, {}, SINCE + 9999)


def test_figures_of_peers() -> None:
    assert figures(fleet(peer(0, known=0))).peers is None
    whole, apart = figures(WHOLE).peers, figures(APART).peers
    assert whole is not None and (whole.seen, whole.expected) == (2, 2)
    assert apart is not None and (apart.seen, apart.expected) == (1, 2)
    many = PeersState(name="a-0", seen=tuple(f"a-{n}" for n in range(1, 200)), known=199)
    of_many = figures(fleet(many)).peers
    assert of_many is not None and (of_many.seen, of_many.expected) == (199, 199)


def stored(**state: Any) -> list[ReplicaFacts]:
    return [ReplicaFacts("a-0", True, reporting(object_store=ObjectStoreState(url="s3://go", **state)))]


def test_the_object_store() -> None:
    assert object_store_ready(fleet(None), SINCE) is None
    fine = object_store_ready(stored(waiting=7), SINCE)
    assert fine is not None and fine[:3] == ("ObjectStoreReady", "True", "ObjectStoreAnswers")
    bad = {"failure": "refuses the login: it answers 403", "remedy": "mend Secret bucket", "since": SINCE}
    assert object_store_ready(stored(**bad), SINCE + 59) == fine
    found = object_store_ready(stored(**bad, waiting=9), SINCE + 60)
    assert found is not None and found[1:3] == ("False", "ObjectStoreUnusable")
    assert "s3://go refuses the login: it answers 403: mend Secret bucket (seen by all replicas)" in found[3]
    assert object_store_ready(stored(**bad, waiting=99), SINCE + 999) == found
    waiting = figures(stored(waiting=789)).object_store
    assert waiting is not None and waiting.waiting == 500
    assert figures(stored()).object_store is None


def parent_outage(*, failing: bool = True) -> list[ReplicaFacts]:
    outage = Outage(
        role="parent", place="platform/org", cause="does not answer", failing=failing, since=1, last=2, failures=3
    )
    return [ReplicaFacts("a-0", True, reporting(outages=(outage,)))]


def test_the_parent() -> None:
    assert parent_ready(ALONE, WHOLE) is None
    assert parent_ready(USED, []) == (
        "ParentReady",
        "True",
        "ParentInUse",
        "GoProxy platform/org is asked before upstream",
    )
    left_out = Family(parent=Key("platform", "org"), problem=Problem("ParentLoop", "the parents lead back"))
    assert parent_ready(left_out, []) == (
        "ParentReady",
        "False",
        "ParentLoop",
        "the parents lead back; until then upstream is asked at once",
    )
    found = parent_ready(USED, parent_outage())
    assert found is not None and found[2] == "ParentUnavailable"
    assert "parent platform/org does not answer (seen by all replicas)" in found[3]
    assert parent_ready(USED, parent_outage(failing=False)) == parent_ready(USED, [])
    reachable = upstream_reachable(parent_outage())
    assert reachable is not None and reachable[1] == "True", "a parent is no upstream"


def test_the_status_has_them_and_a_new_operator_leaves_them() -> None:
    told_before = compute_status(facts(replicas=parent_outage(), family=USED), {}, NOW)
    assert told_before["parent"] == {"name": "platform/org", "used": True}
    assert conditions(told_before)["ParentReady"][1] == "ParentUnavailable"
    again = compute_status(facts(replicas=[ReplicaFacts("a-0", True)], family=USED), told_before, LATER)
    assert not_scraped_yet(again, told_before)["conditions"] == told_before["conditions"]


def test_a_peer_that_comes_back_is_a_figure() -> None:
    before = compute_status(facts(replicas=APART, now=SINCE), {}, NOW)
    after = compute_status(facts(replicas=WHOLE, now=SINCE), before, NOW)
    assert before["peers"] == {"seen": 1, "expected": 2}
    assert news(after, before) is News.FIGURES
