"""What the API server refuses at `kubectl apply`, and the words that a stranger reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.api.goproxy import parse_goproxy
from goproxy_operator.desired.config_map import documents
from tests.kubernetes.control_plane import KubectlError
from tests.kubernetes.kubectl import Kubectl
from tests.operator.api.cases.case import Case
from tests.operator.api.cases.table import ACCEPTED, NAME_MESSAGE, REFUSED
from tests.operator.live.fleet import Fleet
from tests.operator.objects import document

pytestmark = pytest.mark.usefixtures("installed")

AUTOSCALING = {"minReplicas": 2, "maxReplicas": 10, "targetRequestsPerSecond": 400}
EXAMPLES = Path(__file__).parents[3] / "examples"

REFUSED_BY_SERVER = [case for case in REFUSED if case.server is not None]
REFUSED_BY_MODELS_ONLY = [case for case in REFUSED if case.server is None]


@pytest.mark.parametrize("case", REFUSED_BY_SERVER, ids=lambda case: case.id)
async def test_refused(fleet: Fleet, case: Case) -> None:
    with pytest.raises(KubectlError) as refused:
        await fleet.apply(**case.spec)
    assert case.server is not None
    assert case.server in str(refused.value)


@pytest.mark.parametrize("case", REFUSED_BY_MODELS_ONLY, ids=lambda case: case.id)
async def test_what_only_the_models_refuse_is_no_rule_of_the_api_server(fleet: Fleet, case: Case) -> None:
    await fleet.apply(**case.spec)


@pytest.mark.parametrize("name", ["team.a", "1team", "a" * 41])
async def test_a_name_that_children_could_not_have_is_refused(kubectl: Kubectl, name: str) -> None:
    with pytest.raises(KubectlError) as refused:
        await kubectl("apply", "-f", "-", stdin=json.dumps(document(name)))
    assert NAME_MESSAGE in str(refused.value)


@pytest.mark.parametrize("spec", ACCEPTED, ids=str)
async def test_accepted_by_the_api_server_and_by_the_operator(fleet: Fleet, spec: dict[str, Any]) -> None:
    await fleet.apply(**spec)
    goproxy = parse_goproxy(await fleet.get())
    documents(goproxy, 1, None)


async def test_the_class_of_a_load_balancer_is_immutable(fleet: Fleet) -> None:
    def service(**fields: str) -> dict[str, Any]:
        return {"expose": {"service": fields}}

    await fleet.apply(**service(type="LoadBalancer", loadBalancerClass="example.com/a"))
    for other in (service(type="LoadBalancer"), service(type="LoadBalancer", loadBalancerClass="example.com/b")):
        with pytest.raises(KubectlError, match="write type ClusterIP first, then LoadBalancer with the other class"):
            await fleet.apply(**other)
    await fleet.apply(**service(type="ClusterIP"))
    await fleet.apply(**service(type="LoadBalancer", loadBalancerClass="example.com/b"))


def storage(**fields: str | bool) -> dict[str, Any]:
    return {"cache": {"storage": fields}}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (storage(size="10Gi"), storage(size="9999Mi"), "size may not shrink from 10Gi to 9999Mi: write 10Gi or more"),
        (storage(size="10Gi"), storage(whenDeleted="Delete"), "size may not be removed: write 10Gi or more"),
        (storage(size="10Gi"), {}, "cache.storage may not be removed once it is set: keep it as it was"),
        (
            storage(size="10Gi", storageClassName="a"),
            storage(size="10Gi", storageClassName="b"),
            "storageClassName may not be changed, added or removed later: make a new GoProxy with the other class",
        ),
        (
            storage(size="10Gi"),
            storage(size="10Gi", storageClassName="b"),
            "storageClassName may not be changed, added",
        ),
        (
            storage(size="10Gi", storageClassName="a"),
            storage(size="10Gi"),
            "storageClassName may not be changed, added",
        ),
        (
            storage(size="10Gi"),
            storage(size="10Gi", ephemeral=True),
            "cache.storage.ephemeral may not be changed later: make a new GoProxy with the other kind of storage",
        ),
        ({}, storage(size="10Gi", ephemeral=True), "cache.storage.ephemeral may not be changed later"),
        (storage(size="10Gi", ephemeral=True), storage(size="10Gi"), "cache.storage.ephemeral may not be changed"),
    ],
)
async def test_storage_may_only_grow(fleet: Fleet, before: dict[str, Any], after: dict[str, Any], message: str) -> None:
    await fleet.apply(**before)
    await fleet.apply(**before, replicas=3)
    await serve(fleet, 1)
    with pytest.raises(KubectlError) as refused:
        await fleet.apply(**after)
    assert message in str(refused.value)


async def serve(fleet: Fleet, ready: int, **status: Any) -> None:
    """Say of the fleet what the operator would."""
    patch = json.dumps({"status": {"readyReplicas": ready, **status}})
    await fleet.kubectl("patch", "goproxy/team-a", "--subresource=status", "--type=merge", "-p", patch)


async def test_what_was_never_carried_out_may_be_taken_back(fleet: Fleet) -> None:
    await fleet.apply(**storage(size="10Gi", storageClassName="typo"))
    await fleet.apply(**storage(size="5Gi", storageClassName="fast"))
    await serve(fleet, 2, claimSize="2Gi")
    with pytest.raises(KubectlError, match="size 1Gi is less than what the claims have: write 2Gi or more"):
        await fleet.apply(**storage(size="1Gi", storageClassName="fast"))
    await fleet.apply(**storage(size="2Gi", storageClassName="fast"))
    stalled = {
        "type": "Stalled",
        "status": "True",
        "reason": "StorageImmutable",
        "message": "",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-03-04T05:06:07Z",
    }
    await serve(fleet, 2, conditions=[stalled])
    await fleet.apply(**storage(size="2Gi"))


async def test_an_ephemeral_cache_may_shrink(fleet: Fleet) -> None:
    await fleet.apply(**storage(size="10Gi", ephemeral=True))
    await serve(fleet, 2)
    await fleet.apply(**storage(size="1Gi", ephemeral=True))


async def test_storage_grows(fleet: Fleet) -> None:
    await fleet.apply(**storage(size="10Gi"))
    await fleet.apply(**storage(size="10240Mi"))
    await fleet.apply(**storage(size="20Gi", whenDeleted="Delete"))


@pytest.mark.parametrize(
    "example", ["goproxy.yaml", "private-modules.yaml", "ingress.yaml", "gateway.yaml", "tls.yaml"]
)
async def test_an_example_is_accepted(kubectl: Kubectl, example: str) -> None:
    await kubectl("apply", "-f", EXAMPLES / example)
    assert "team-a" in await kubectl("get", "gop")


async def test_scale_is_held_to_the_same_rules(fleet: Fleet, kubectl: Kubectl) -> None:
    await fleet.apply(autoscaling=AUTOSCALING)
    with pytest.raises(KubectlError, match="write either replicas"):
        await kubectl("scale", "goproxy/team-a", "--replicas=3")


async def test_explain_tells_what_a_field_is_for(kubectl: Kubectl) -> None:
    said = await kubectl("explain", "goproxy.spec.modules.allowlistConfigMapName")
    assert "A ConfigMap of the same namespace" in said
