"""What is done about children: nothing where nothing differs, nothing to what is not ours."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from goproxy_operator.api.autoscaling import Provider
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.children import ChildFacts, children
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.stateful_set import claim_templates
from goproxy_operator.reconcile.decide.difference import stamped
from goproxy_operator.reconcile.decide.plan import Apply, ChildId, Delete, Orphan, child_id, make_plan, sending
from tests.operator.objects import UID, goproxy

Object = dict[str, Any]


AUTOSCALING = {"minReplicas": 3, "maxReplicas": 9, "targetRequestsPerSecond": 400}


def desired(fleet: GoProxy, replicas: int | None = 2, rate_from: Provider = Provider.BUILTIN) -> list[Object]:
    files = documents(fleet, 1, None)
    return children(fleet, ChildFacts("modproxy:1", files, claim_templates(fleet), replicas, rate_from=rate_from))


def live(manifests: Sequence[Object]) -> dict[ChildId, Object]:
    """As the API server would hold them: stamped, and with defaults added."""
    held = {}
    for manifest in map(stamped, manifests):
        item = copy.deepcopy(manifest)
        item["metadata"] |= {"uid": f"uid-of-{manifest['kind']}", "resourceVersion": "7"}
        item["status"] = {"something": 1}
        held[child_id(manifest)] = item
    return held


def test_stable() -> None:
    manifests = desired(goproxy())
    plan = make_plan("team-a", UID, manifests, live(manifests))
    assert plan.actions == ()
    assert plan.problem is None


def test_at_first_everything_is_applied_in_order() -> None:
    plan = make_plan("team-a", UID, desired(goproxy(autoscaling=AUTOSCALING)), {})
    assert [action.manifest["kind"] for action in plan.actions if isinstance(action, Apply)] == [
        "ServiceAccount",
        "ConfigMap",
        "Service",
        "Service",
        "NetworkPolicy",
        "StatefulSet",
        "PodDisruptionBudget",
        "HorizontalPodAutoscaler",
    ]


def _no_label(item: Object) -> None:
    item["metadata"]["labels"].pop("app.kubernetes.io/name")


def _other_image(item: Object) -> None:
    item["spec"]["template"]["spec"]["containers"][0]["image"] = "other"


def _second_container(item: Object) -> None:
    item["spec"]["template"]["spec"]["containers"].append({"name": "other"})


def _older_stamp(item: Object) -> None:
    item["metadata"]["annotations"]["goproxy-operator.dev/applied"] = "older"


@pytest.mark.parametrize("change", [_no_label, _other_image, _second_container, _older_stamp])
def test_drift_is_set_right_and_only_that_child_is_sent(change: Callable[[Object], None]) -> None:
    manifests = desired(goproxy())
    held = live(manifests)
    change(held["StatefulSet", "team-a"])
    plan = make_plan("team-a", UID, manifests, held)
    [action] = plan.actions
    assert isinstance(action, Apply)
    assert child_id(action.manifest) == ("StatefulSet", "team-a")


@pytest.mark.parametrize(
    "owners",
    [
        [],
        [{"uid": "another", "controller": True}],
        [{"uid": UID}],
    ],
    ids=["nobody's", "another's", "ours but not as controller"],
)
def test_what_is_not_ours_is_left_alone(owners: list[Object]) -> None:
    manifests = desired(goproxy())
    held = live(manifests)
    del held["ConfigMap", "team-a-config-v1"]
    held["Service", "team-a"]["metadata"]["ownerReferences"] = owners
    held["Service", "team-a"]["spec"] = {}
    plan = make_plan("team-a", UID, manifests, held)
    assert [child_id(action.manifest) for action in plan.actions if isinstance(action, Apply)] == [
        ("ConfigMap", "team-a-config-v1")
    ]
    assert plan.problem is not None
    assert plan.problem.reason == "NameConflict"
    assert plan.problem.message.startswith("Service team-a exists and does not belong to this GoProxy")


def test_an_autoscaler_that_is_not_asked_for_goes_first_and_only_if_it_is_ours() -> None:
    held = live(desired(goproxy(autoscaling=AUTOSCALING), None))
    plan = make_plan("team-a", UID, desired(goproxy(replicas=4), 4), held)
    autoscaler = Delete("HorizontalPodAutoscaler", "team-a", "uid-of-HorizontalPodAutoscaler")
    assert plan.actions[0] == autoscaler
    assert [type(action) for action in plan.actions] == [Delete, Apply]

    held["HorizontalPodAutoscaler", "team-a"]["metadata"]["ownerReferences"] = []
    assert autoscaler not in make_plan("team-a", UID, desired(goproxy(replicas=4), 4), held).actions


def test_what_is_being_deleted_is_waited_for() -> None:
    manifests = desired(goproxy())
    held = live(manifests)
    held["StatefulSet", "team-a"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    held["StatefulSet", "team-a"]["spec"] = {}
    assert make_plan("team-a", UID, manifests, held).actions == ()


def test_a_map_that_somebody_made_immutable_is_made_anew_where_it_differs() -> None:
    before, after = desired(goproxy()), desired(goproxy(modules={"deny": ["github.com/evil"]}))
    held = live(before)
    at = ("ConfigMap", "team-a-config-v1")
    held[at]["immutable"] = True
    assert make_plan("team-a", UID, before, held).actions == ()
    gone, made = make_plan("team-a", UID, after, held).actions
    assert gone == Delete(*at, "uid-of-ConfigMap")
    assert isinstance(made, Apply)
    assert made == Apply(next(stamped(one) for one in after if child_id(one) == at))

    held[at]["metadata"]["ownerReferences"] = []
    assert make_plan("team-a", UID, after, held).actions == ()
    held[at] = live(before)[at] | {"immutable": True}
    held[at]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert make_plan("team-a", UID, after, held).actions == ()


def test_what_is_imposed_on_an_immutable_map_names_no_object_that_is_gone() -> None:
    held = live(desired(goproxy()))["ConfigMap", "team-a-config-v1"]
    manifest = stamped(held)
    assert sending(manifest, held) == (Apply(manifest),)
    gone, made = sending(manifest, held | {"immutable": True})
    assert gone == Delete("ConfigMap", "team-a-config-v1", "uid-of-ConfigMap")
    assert isinstance(made, Apply)
    assert "uid" not in made.manifest["metadata"]


def test_moving_to_keda_the_old_autoscaler_goes_first() -> None:
    prometheus = {"serverAddress": "http://prometheus.monitoring.svc:9090"}
    fleet = goproxy(autoscaling=AUTOSCALING | {"prometheus": prometheus})
    plan = make_plan("team-a", UID, desired(fleet, None, Provider.KEDA), live(desired(fleet, None)))
    assert plan.actions[0] == Delete("HorizontalPodAutoscaler", "team-a", "uid-of-HorizontalPodAutoscaler")
    assert [action.manifest["kind"] for action in plan.actions[1:] if isinstance(action, Apply)] == ["ScaledObject"]
    back = make_plan("team-a", UID, desired(fleet, None), live(desired(fleet, None, Provider.KEDA)))
    assert back.actions[0] == Delete("ScaledObject", "team-a", "uid-of-ScaledObject")


def test_other_claim_templates_make_the_stateful_set_go_and_leave_its_pods() -> None:
    held = live(desired(goproxy()))
    larger = desired(goproxy(cache={"storage": {"size": "20Gi"}}))
    plan = make_plan("team-a", UID, larger, held)
    assert Orphan("team-a", "uid-of-StatefulSet") in plan.actions
    assert not any(isinstance(a, Apply) and a.manifest["kind"] == "StatefulSet" for a in plan.actions)
    held["StatefulSet", "team-a"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert not any(isinstance(action, Orphan) for action in make_plan("team-a", UID, larger, held).actions)


@pytest.mark.parametrize(
    ("before", "after", "drifted", "rolls"),
    [
        ({}, {"image": "other"}, False, True),
        ({}, {"replicas": 5}, False, False),
        ({}, {}, True, False),
        ({}, {}, False, False),
    ],
    ids=["another template", "another number", "drift is set right at once", "nothing"],
)
def test_what_replaces_pods(before: Object, after: Object, drifted: bool, rolls: bool) -> None:
    held = live(desired(goproxy(**before), before.get("replicas", 2)))
    if drifted:
        _other_image(held["StatefulSet", "team-a"])
    plan = make_plan("team-a", UID, desired(goproxy(**after), after.get("replicas", 2)), held)
    assert plan.rolls is rolls
    assert not any(isinstance(a, Apply) and a.manifest["kind"] == "StatefulSet" for a in plan.without_rollout().actions)
