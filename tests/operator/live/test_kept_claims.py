"""Claims that outlive their fleet, and sizes that no volume has: the caches hold what there is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kubernetes.control_plane import KubectlError
from tests.kubernetes.eventually import eventually
from tests.operator.live.fleet import Fleet
from tests.operator.live.test_storage import items, storage, wait_grown

Object = dict[str, Any]
GI = 2**30
LABEL = "goproxy-operator.dev/fleet=team-a"


async def make_class(fleet: Fleet, name: str = "never-grows") -> None:
    """A StorageClass whose volumes cannot grow."""
    made = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "volumes.goproxy-operator.test",
    }
    await fleet.kubectl("apply", "-f", "-", stdin=json.dumps(made))


async def cache_size(fleet: Fleet) -> int:
    held = await fleet.get("configmap", "team-a-config-v1")
    return int(json.loads(held["data"]["config.json"])["cache"]["sizeBytes"])


async def wait_size(fleet: Fleet, size: int, template: str) -> None:
    async def has() -> bool:
        try:
            held = await fleet.get("statefulset")
            asked = held["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"]
            return asked == template and await cache_size(fleet) == size
        except KubectlError:
            return False  # it is made anew

    await eventually(has, f"the caches hold {size} bytes, and new ones {template}")


async def delete(fleet: Fleet) -> None:
    """Delete the fleet; its claims stay."""
    await fleet.kubectl("delete", "goproxy", "team-a", "--timeout=30s")

    async def gone() -> bool:
        return not (await fleet.kubectl("get", "pods,statefulsets,configmaps", "-l", LABEL, "-o", "name")).strip()

    # The garbage collector looks for new kinds of owners twice a minute.
    await eventually(gone, "its children are gone", 100)


@pytest.mark.timeout(240, func_only=True)
@pytest.mark.usefixtures("operator", "nodes")
async def test_a_fleet_is_as_large_as_the_claims_that_its_predecessor_left(fleet: Fleet) -> None:
    await make_class(fleet)
    await fleet.apply(replicas=2, cache=storage("1Gi", storageClassName="never-grows"))
    await fleet.wait_ready(2)
    await delete(fleet)

    await fleet.apply(replicas=2, cache=storage("2Gi", storageClassName="never-grows"))
    message = await fleet.wait_condition("Stalled", "True", "StorageCannotGrow")
    assert "cache-team-a-0 has 1Gi, cache-team-a-1 has 1Gi, and the caches go on with 1Gi" in message
    assert "write size 1Gi" in message
    await wait_size(fleet, GI, "2Gi")

    async def served() -> bool:
        return (await fleet.condition("Ready") or ())[:1] == ("True",) and (await fleet.status())["readyReplicas"] == 2

    await eventually(served, "it is Ready all the same")
    assert (await fleet.status())["claimSize"] == "1Gi"
    with pytest.raises(KubectlError, match="size 512Mi is less than what the claims have: write 1Gi or more"):
        await fleet.apply(replicas=2, cache=storage("512Mi", storageClassName="never-grows"))

    # What the message says: replace one replica after the other.
    for ordinal in (0, 1):
        before = {item["metadata"]["uid"] for item in await items(fleet.kubectl, "pvc", "team-a")}
        await fleet.kubectl("delete", "--wait=false", f"pvc/cache-team-a-{ordinal}", f"pod/team-a-{ordinal}")

        async def anew(before: set[str] = before, ordinal: int = ordinal) -> bool:
            found = {item["metadata"]["uid"]: item for item in await items(fleet.kubectl, "pvc", "team-a")}
            new = [found[uid]["status"].get("capacity", {}) for uid in found.keys() - before]
            return len(found) == 2 and new == [{"storage": "2Gi"}] and ordinal in (0, 1)

        await eventually(anew, f"claim {ordinal} comes back with 2Gi", 60)
    await wait_size(fleet, 2 * GI, "2Gi")
    await fleet.wait_ready(2)
    assert await fleet.condition("Stalled") is None
    assert "claimSize" not in await fleet.status()


@pytest.mark.timeout(240, func_only=True)
@pytest.mark.usefixtures("operator", "nodes")
async def test_a_size_that_was_never_carried_out_is_taken_back(fleet: Fleet) -> None:
    await make_class(fleet)
    await fleet.apply(replicas=1, cache=storage("1Gi", storageClassName="never-grows"))
    await fleet.wait_ready(1)
    before = {item["metadata"]["uid"] for item in await items(fleet.kubectl, "pvc", "team-a")}
    await fleet.apply(replicas=1, cache=storage("2Gi", storageClassName="never-grows"))
    await fleet.wait_condition("Stalled", "True", "StorageCannotGrow")
    await wait_size(fleet, GI, "2Gi")
    await fleet.apply(replicas=1, cache=storage("1Gi", storageClassName="never-grows"))
    await wait_size(fleet, GI, "1Gi")
    await fleet.wait_ready(1)
    assert await fleet.condition("Stalled") is None
    assert {item["metadata"]["uid"] for item in await items(fleet.kubectl, "pvc", "team-a")} == before


@pytest.mark.timeout(180, func_only=True)
@pytest.mark.usefixtures("operator", "nodes")
async def test_claims_that_are_larger_than_asked_for_are_kept_and_not_filled(fleet: Fleet) -> None:
    await fleet.apply(replicas=1, cache=storage("2Gi"))
    await fleet.wait_ready(1)
    await delete(fleet)
    await fleet.apply(replicas=1, cache=storage("1Gi"))
    await fleet.wait_ready(1)
    await wait_size(fleet, GI, "1Gi")
    assert await fleet.condition("Stalled") is None
    await fleet.apply(replicas=1, cache=storage("3Gi"))
    await wait_grown(fleet, "3Gi", 1)
    await wait_size(fleet, 3 * GI, "3Gi")
