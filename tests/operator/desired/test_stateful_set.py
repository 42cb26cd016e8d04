"""The replicas and their claims."""

from __future__ import annotations

from tests.operator.desired.fleet_children import child
from tests.operator.objects import goproxy


def test_claims() -> None:
    fleet = goproxy(cache={"storage": {"size": "10240Mi", "storageClassName": "fast", "whenDeleted": "Delete"}})
    stateful_set = child(fleet, "StatefulSet")["spec"]
    assert stateful_set["volumeClaimTemplates"][0]["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "10Gi"}},
        "storageClassName": "fast",
    }
    assert stateful_set["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Delete", "whenScaled": "Retain"}
    default = child(goproxy(), "StatefulSet")["spec"]
    assert default["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain"
    assert default["volumeClaimTemplates"][0]["spec"]["resources"]["requests"] == {"storage": "10Gi"}
