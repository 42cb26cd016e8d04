"""Fleets and operator are removed: what is deleted is gone, what asked to stay is there, and no namespace is stuck."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from goproxy_operator.api.crd.definitions import DEFINITIONS
from tests.e2e import release
from tests.e2e.release import Release
from tests.e2e.space import FLEET_LABEL, Object, Space
from tests.e2e.waiting import until
from tests.kubernetes.kind_cluster import Cluster, CommandError

KINDS = (
    "statefulsets,pods,services,configmaps,serviceaccounts,poddisruptionbudgets,horizontalpodautoscalers,"
    "persistentvolumeclaims,controllerrevisions,endpointslices,networkpolicies"
)
STORAGE = {"size": "1Gi"}
EXTERNAL_METRICS = "v1beta1.external.metrics.k8s.io"


def test_uninstall(operator: Release, new_space: Callable[[], Space], goproxy: Callable[..., Object]) -> None:
    cluster = operator.cluster
    kept, gone = new_space(), new_space()
    kept.apply(goproxy("team", replicas=1, cache={"storage": {**STORAGE, "whenDeleted": "Retain"}}))
    gone.apply(goproxy("team", replicas=1, cache={"storage": {**STORAGE, "whenDeleted": "Delete"}}))
    kept.wait_ready("team", 1)
    gone.wait_ready("team", 1)

    kept.kubectl("delete", "goproxy", "team")
    until(lambda: left(kept) == ["persistentvolumeclaim/cache-team-0"], "only the retained claim", seconds=90)

    # The operator goes first: fleets serve on without it, and can be deleted without it.
    operator.helm("uninstall", release.NAME, "--wait")
    assert gone.exists("goproxy", "team"), "the definition, and so the objects, outlive the operator"
    assert gone.pods("team"), "a fleet serves on without the operator"
    gone.kubectl("delete", "goproxy", "team")
    until(lambda: left(gone) == [], "nothing is left of the fleet", seconds=90)

    for space in (kept, gone):
        cluster.kubectl("delete", "namespace", space.name, "--timeout=90s")
    assert ours(cluster) == [
        f"customresourcedefinition.apiextensions.k8s.io/{name}.goproxy-operator.dev" for name in DEFINITIONS
    ]
    cluster.kubectl("delete", "namespace", release.NAME, "--timeout=90s")
    # The next test finds the operator installed again.
    operator.install()


def left(space: Space) -> list[str]:
    """What of the fleet is still there, as `get --output=name` says."""
    found = space.kubectl("get", KINDS, f"--selector={FLEET_LABEL}=team", "--output=name").split()
    return sorted(found)


def ours(cluster: Cluster) -> list[str]:
    """The cluster-wide objects of the installation."""
    kinds = "clusterroles,clusterrolebindings,customresourcedefinitions,priorityclasses"
    with suppress(CommandError):
        found = cluster.kubectl("get", kinds, "--output=name").split()
        # An APIService without its server would keep every namespace from being deleted.
        metrics = cluster.kubectl("get", "apiservice", EXTERNAL_METRICS, "--ignore-not-found", "--output=name").split()
        return sorted([name for name in found if "goprox" in name] + metrics)
    return []
