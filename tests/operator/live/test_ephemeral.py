"""A cache on the node's disk: no claim is made, and what a fleet has stays what it has."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.operator.live.conftest import ApplyClass
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER

EPHEMERAL = {"storage": {"ephemeral": True, "size": "20Gi"}}


@pytest.mark.usefixtures("operator", "nodes")
async def test_an_ephemeral_fleet_has_no_claims_and_is_quiet(fleet: Fleet, control_plane: ControlPlane) -> None:
    await fleet.apply(replicas=2, cache=EPHEMERAL)
    await fleet.wait_ready(2)
    spec = (await fleet.get("statefulset"))["spec"]
    assert not spec.get("volumeClaimTemplates")
    (cache,) = (volume for volume in spec["template"]["spec"]["volumes"] if volume["name"] == "cache")
    assert cache["emptyDir"]["sizeLimit"] == "24Gi"
    config = json.loads((await fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"])
    assert config["cache"]["sizeBytes"] == 20 * 2**30
    assert json.loads(await fleet.kubectl("get", "pvc", "-o", "json"))["items"] == []
    await asyncio.sleep(2)
    mark = control_plane.audit.mark()
    await asyncio.sleep(3)
    calls = control_plane.audit.since(mark)
    assert audit.matching(calls, user=USER, verbs=audit.WRITES, namespace=fleet.kubectl.namespace) == []


@pytest.mark.usefixtures("operator", "nodes")
@pytest.mark.parametrize("ephemeral", [True, False])
async def test_a_class_that_changes_its_defaults_changes_no_fleet_s_kind_of_storage(
    fleet: Fleet, apply_class: ApplyClass, ephemeral: bool
) -> None:
    claims = {"storage": {"size": "20Gi"}}
    before, after = (EPHEMERAL, claims) if ephemeral else (claims, EPHEMERAL)
    await apply_class(profile="Privileged", defaults={"cache": before})
    await fleet.apply(replicas=1)
    await fleet.wait_ready(1)
    held = (await fleet.get("statefulset"))["metadata"]["uid"]
    await apply_class(profile="Privileged", defaults={"cache": after})
    said = await fleet.wait_condition("Stalled", "True", "StorageImmutable")
    assert "make a new GoProxy with another name" in said
    kept = await fleet.get("statefulset")
    assert kept["metadata"]["uid"] == held
    assert bool(kept["spec"].get("volumeClaimTemplates")) is not ephemeral
    await apply_class(profile="Privileged", defaults={"cache": before})
    await fleet.wait_ready(1)
