"""The paths of resources in the API."""

from __future__ import annotations

import pytest

from goproxy_operator.kube.resources import CHILDREN, GOPROXIES, LEASES, PODS


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            GOPROXIES.path("build", "a", "status"),
            "/apis/goproxy-operator.dev/v1alpha1/namespaces/build/goproxies/a/status",
        ),
        (PODS.path(None), "/api/v1/pods"),
        (CHILDREN["StatefulSet"].path("build"), "/apis/apps/v1/namespaces/build/statefulsets"),
        (LEASES.path("build", "l"), "/apis/coordination.k8s.io/v1/namespaces/build/leases/l"),
    ],
)
def test_paths(path: str, expected: str) -> None:
    assert path == expected
