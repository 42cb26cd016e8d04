"""What is in force of a fleet whose newest generation is not carried out, and what of it is repaired."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goproxy_operator.desired.client_service import client_service
from goproxy_operator.desired.config.document import CONFIG_FILE
from goproxy_operator.reconcile.decide.in_force import (
    LARGEST_SPEC,
    GenerationInForce,
    Restored,
    is_suspended,
    newest,
    restored,
    told_in_force,
)
from modproxy.contract.config import Imposed
from tests.operator.objects import UID, document
from tests.operator.reconcile.decide.class_objects import BUILD, a_class

Object = dict[str, Any]


def item(status: Object | None = None, **spec: Any) -> Object:
    made = document(**spec)
    made["metadata"] |= {"namespace": "build", "uid": UID, "generation": 4}
    return made if status is None else made | {"status": status}


def status(observed: int, *reasons: tuple[str, str], **more: Any) -> Object:
    return {"observedGeneration": observed, "conditions": [{"type": t, "reason": r} for t, r in reasons], **more}


SERVING = ("Ready", "Serving")
GOOD = {"generation": 3, "className": "standard", "spec": {"replicas": 2}}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (None, None),
        ({"observedGeneration": -1}, None),
        (status(4, SERVING), GenerationInForce(4)),
        (status(3, SERVING), GenerationInForce(3)),
        (status(3, ("Ready", "NameConflict"), ("Stalled", "NameConflict")), GenerationInForce(3)),
        (status(3, ("Ready", "ClassLimitExceeded"), ("Stalled", "ClassLimitExceeded")), None),
        (status(3, ("Ready", "Refused"), ("Stalled", "Refused")), None),
        (status(3, ("Ready", "Suspended")), None),
        (status(9, SERVING), None),
        (status(4, inForce=GOOD), GenerationInForce(3, {"replicas": 2}, "standard")),
        (status(4, inForce={"generation": 3}), GenerationInForce(3)),
        (status(4, SERVING, inForce={"generation": 5}), None),
        (status(4, SERVING, inForce={"generation": 0}), None),
        (status(4, SERVING, inForce={"generation": "3"}), None),
        (status(4, SERVING, inForce="text"), None),
        (status(4, SERVING, inForce={"generation": 3, "spec": [1]}), None),
        (status(4, SERVING, inForce={"generation": 3, "more": 1}), None),
    ],
)
def test_what_a_status_says_is_read_with_care(written: Object | None, expected: GenerationInForce | None) -> None:
    assert told_in_force(item(written)) == expected


@pytest.mark.parametrize(
    "spec", [{"replicas": "many"}, {"unknown": 1}, {"modules": {"deny": ["example.com/[z-a]"]}}, {"replicas": 2**70}]
)
def test_a_spec_that_cannot_be_read_restores_nothing(spec: Object) -> None:
    assert restored(item(), GenerationInForce(3, spec), None, None, {}) is None


def test_the_document_is_what_the_api_server_stores() -> None:
    spec = {"replicas": 2, "autoscaling": None, "modules": {"mode": None, "deny": ["x.example.com"]}}
    assert GenerationInForce(3, spec, "a").document() == {
        "generation": 3,
        "className": "a",
        "spec": {"replicas": 2, "modules": {"deny": ["x.example.com"]}},
    }
    assert GenerationInForce(3, {"image": "x" * LARGEST_SPEC}).document() == {"generation": 3}


def restore(in_force: GenerationInForce, *classes: Any, live: Object | None = None, **spec: Any) -> Restored | None:
    return restored(item(**spec), in_force, live, {one.name: one for one in classes}, BUILD)


def test_what_the_class_of_today_admits_is_repaired_as_a_whole_with_what_it_imposes() -> None:
    standard = a_class(default=True, limits={"maxReplicas": 3}, modules={"deny": ["github.com/evil"]})
    found = restore(GenerationInForce(3, {"replicas": 2}, "standard"), standard, replicas=9)
    assert found is not None
    assert found.whole
    assert found.admitted.goproxy.spec.replicas == 2
    assert found.admitted.imposed is not None
    assert found.admitted.imposed.deny == ("github.com/evil",)


def test_of_what_the_class_of_today_forbids_nothing_is_made_anew_that_leads_into_the_fleet() -> None:
    found = restore(GenerationInForce(3, {"replicas": 5}), a_class(default=True, limits={"maxReplicas": 3}))
    assert found is not None
    assert not found.whole
    made = [
        {"kind": kind, "metadata": {"name": "team-a"}}
        for kind in ("NetworkPolicy", "Ingress", "HTTPRoute", "StatefulSet", "Certificate", "HorizontalPodAutoscaler")
    ]
    live = {("Ingress", "team-a")}
    assert [child["kind"] for child in found.keep(made, live)] == ["NetworkPolicy", "Ingress", "StatefulSet"]


@pytest.mark.parametrize(
    ("live", "made"),
    [(None, "ClusterIP"), ("ClusterIP", "ClusterIP"), ("NodePort", "ClusterIP"), ("LoadBalancer", "LoadBalancer")],
)
def test_a_load_balancer_that_the_class_of_today_forbids_stays_and_is_not_made_anew(
    live: str | None, made: str
) -> None:
    spec = {"replicas": 5, "expose": {"service": {"type": "LoadBalancer", "loadBalancerClass": "example.com/a"}}}
    there = {} if live is None else {("Service", "team-a"): {"spec": {"type": live}}}
    inside = restore(GenerationInForce(3, spec), a_class(default=True, limits={"maxReplicas": 3}))
    assert inside is not None
    (service,) = inside.repairs([client_service(inside.admitted.goproxy)], there)
    assert service["spec"]["type"] == made
    assert ("loadBalancerClass" in service["spec"]) == (made == "LoadBalancer")
    whole = restore(GenerationInForce(3, spec))
    assert whole is not None
    (service,) = whole.repairs([client_service(whole.admitted.goproxy)], there)
    assert service["spec"]["type"] == "LoadBalancer"


def test_defaults_of_today_are_not_laid_under_what_is_in_force() -> None:
    # Otherwise the Secret that the class has named since would go to the proxy that the fleet chose before.
    defaults = {"upstream": {"httpProxy": {"secretName": "of-the-class", "url": "http://proxy.example.com"}}}
    own = {"upstream": {"httpProxy": {"url": "http://evil.example.com"}}}
    found = restore(GenerationInForce(3, own), a_class(default=True, defaults=defaults))
    assert found is not None
    assert found.admitted.goproxy.spec.upstream.http_proxy is not None
    assert found.admitted.goproxy.spec.upstream.http_proxy.secret_name is None


def config_map(imposed: Object | None) -> Object:
    owner = {"uid": UID, "controller": True}
    modules = {"imposed": imposed} if imposed else {}
    return {"metadata": {"ownerReferences": [owner]}, "data": {CONFIG_FILE: json.dumps({"modules": modules})}}


def test_where_no_class_counts_the_rules_in_force_stay() -> None:
    rules = {"by": "GoProxyClass gone", "deny": ["github.com/evil"]}
    elsewhere = a_class("other", namespaceSelector={"matchLabels": {"tier": "other"}})
    in_force = GenerationInForce(3, {"replicas": 2}, "gone")
    found = restore(in_force, elsewhere, live=config_map(rules))
    assert found is not None
    assert found.admitted.imposed == Imposed(by="GoProxyClass gone", deny=("github.com/evil",))
    assert restore(in_force, elsewhere) is None, "a tenant who deletes the ConfigMap would lose the rules"
    without = restore(GenerationInForce(3, {"replicas": 2}), elsewhere)
    assert without is not None
    assert without.admitted.imposed is None


def test_where_a_class_cannot_be_used_whoever_deletes_the_config_does_not_lose_its_rules() -> None:
    broken = a_class(default=True, limits={"maxReplicas": "x"}, modules={"deny": ["github.com/evil"]})
    assert broken.problem
    of_no_class = GenerationInForce(3, {"replicas": 2})
    assert restore(of_no_class, broken) is None
    rules = {"by": "GoProxyClass standard", "deny": ["github.com/evil"]}
    found = restore(of_no_class, broken, live=config_map(rules))
    assert found is not None
    assert found.admitted.imposed == Imposed(by="GoProxyClass standard", deny=("github.com/evil",))


def test_the_newest_generation_is_told_of_what_is_in_force() -> None:
    found = restore(GenerationInForce(3, {"replicas": 2}))
    assert found is not None
    assert newest(item(), found.admitted.goproxy).metadata.generation == 4


@pytest.mark.parametrize(("spec", "expected"), [(True, True), (False, False), ("true", False), (None, False)])
def test_a_user_may_suspend_what_is_wrong(spec: object, expected: bool) -> None:
    assert is_suspended(item(suspend=spec)) is expected
    assert not is_suspended({"metadata": {}, "spec": []})
