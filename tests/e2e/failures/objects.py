"""Failures of the object itself, and of what it names: allowlists, storage, other APIs, names that are taken."""

from __future__ import annotations

from tests.e2e.failures.failure import Failure
from tests.e2e.failures.scene import FLEET, Scene

STALLED = "Stalled"
SYNCED = "ConfigSynced"
ACTIVE = "AutoscalingActive"


def _list(text: str) -> dict[str, str]:
    return {"modules": text}


def _broken_list(text: str, scene: Scene) -> None:
    scene.config_map("shared", **_list(text))
    scene.fleet(modules={"allowlistConfigMapName": "shared"})


def _cannot_grow(scene: Scene) -> None:
    scene.serving()
    scene.fleet(cache={"storage": {"size": "2Gi", "whenDeleted": "Delete"}})


def _kept_claims(scene: Scene) -> None:
    """A fleet of the same name comes back with a larger size than its claims, which stayed, have."""
    scene.serving(cache={"storage": {"size": "1Gi"}})
    scene.space.kubectl("delete", "goproxy", FLEET, "--wait=true")
    scene.space.kubectl("wait", "--for=delete", f"pod/{FLEET}-0", "--timeout=60s")
    scene.fleet(cache={"storage": {"size": "3Gi"}})


def _suspended(scene: Scene) -> None:
    scene.serving()
    scene.fleet(suspend=True, replicas=2)


def _taken_name(scene: Scene) -> None:
    scene.apply("v1", "Service", FLEET, spec={"ports": [{"port": 80}], "selector": {"app": "another"}})
    scene.fleet()


OBJECTS = [
    Failure(
        "allowlist-is-not-there",
        "the ConfigMap with the allowlist does not exist",
        SYNCED,
        "AllowlistMissing",
        "ConfigMap shared does not exist",
        "until it is there, only modules.allow is allowed",
        "create the ConfigMap with key `modules`; meanwhile the last known list holds, at first nothing is allowed",
        lambda scene: scene.fleet(modules={"allowlistConfigMapName": "shared"}),
    ),
    Failure(
        "allowlist-cannot-be-read",
        "a line of the allowlist is no pattern",
        SYNCED,
        "AllowlistInvalid",
        "line 2: 'https://no.example.com' is a URL",
        "write the module path without a scheme",
        "mend the line; the last known list stays in force",
        lambda scene: _broken_list("github.com/acme\nhttps://no.example.com", scene),
    ),
    Failure(
        "line-matches-nothing",
        "a line of the allowlist can match no module",
        SYNCED,
        "PatternMatchesNothing",
        "'rsc.io/...' matches no module",
        "write rsc.io",
        "write what the message says; all other lines are in force",
        lambda scene: _broken_list("rsc.io/...", scene),
    ),
    Failure(
        "volumes-cannot-grow",
        "a larger `cache.storage.size`, and a StorageClass whose volumes cannot grow",
        STALLED,
        "StorageCannotGrow",
        "cache.storage.size 2Gi cannot be carried out: .*does not say allowVolumeExpansion: true",
        "write .*1Gi",
        "write the size that the claims have, let the class expand volumes, or make a new GoProxy",
        _cannot_grow,
    ),
    Failure(
        "kept-claims-are-smaller",
        "a fleet came back under its name, and its claims, which were kept, are smaller",
        STALLED,
        "StorageCannotGrow",
        "cache.storage.size 3Gi cannot be carried out",
        "write .*1Gi",
        "write the size that the claims have, or delete them: they hold only a cache",
        _kept_claims,
    ),
    Failure(
        "name-is-taken",
        "an object that is somebody else's has the name of a child",
        STALLED,
        "NameConflict",
        "Service team exists and does not belong to this GoProxy",
        "delete or rename it",
        "delete or rename that object, or give the GoProxy another name",
        _taken_name,
    ),
    Failure(
        "image-is-not-allowed",
        "the installation of the operator does not allow the image",
        STALLED,
        "Refused",
        "image registry.example.com/other:1 is not among those that the installation of the operator allows",
        "allows",
        "write an image of the list, or let the platform team add it to `admissionPolicy.images`",
        lambda scene: scene.fleet(image="registry.example.com/other:1"),
    ),
    Failure(
        "gateway-api-is-not-there",
        "the cluster does not serve the API of what the object asks for",
        STALLED,
        "APIMissing",
        "spec.expose.gateway: this cluster serves no HTTPRoute",
        "install",
        "install what the message names, or remove the field; all else is carried out",
        lambda scene: scene.fleet(expose={"gateway": {"host": "goproxy.example.com", "parentRef": {"name": "edge"}}}),
    ),
    Failure(
        "keda-is-not-there",
        "`provider: KEDA` in a cluster without KEDA",
        ACTIVE,
        "KEDANotInstalled",
        "KEDA",
        "install",
        "install KEDA, or choose another provider",
        lambda scene: scene.fleet(
            replicas=None,
            autoscaling={
                "maxReplicas": 2,
                "targetRequestsPerSecond": 100,
                "provider": "KEDA",
                "prometheus": {"serverAddress": "http://prometheus.example.com:9090"},
            },
        ),
    ),
    Failure(
        "custom-metrics-are-not-there",
        "`provider: CustomMetrics` in a cluster that serves none",
        ACTIVE,
        "CustomMetricsNotServed",
        "custom.metrics.k8s.io",
        "(install|write)",
        "install an adapter such as prometheus-adapter, or choose another provider",
        lambda scene: scene.fleet(
            replicas=None,
            autoscaling={"maxReplicas": 2, "targetRequestsPerSecond": 100, "provider": "CustomMetrics"},
        ),
    ),
    Failure(
        "no-replica-is-asked-for",
        "`replicas: 0`",
        "Ready",
        "ScaledToZero",
        "no replica is asked for",
        "write replicas 1 or more",
        "write `replicas: 1` or more",
        lambda scene: scene.fleet(replicas=0),
    ),
    Failure(
        "suspended",
        "a change does nothing, because the fleet is suspended",
        "Ready",
        "Suspended",
        "spec.suspend is true",
        "generation",
        "set `spec.suspend: false`",
        _suspended,
    ),
]
