"""Failures of what classes allow. Once there is a class, every fleet of the cluster needs one: they are made last."""

from __future__ import annotations

from typing import Any

from tests.e2e.failures.failure import Failure
from tests.e2e.failures.scene import Scene

CLASS = "troubles"
STALLED = "Stalled"


def give_class(scene: Scene, **spec: Any) -> None:
    """Make the one class of these failures, as a platform team does."""
    scene.apply("goproxy-operator.dev/v1alpha1", "GoProxyClass", CLASS, spec={"default": True} | spec)


def _limited(scene: Scene) -> None:
    give_class(scene, profile="Privileged", limits={"maxReplicas": 2})
    scene.serving()
    scene.fleet(replicas=3)


def _restricted(scene: Scene) -> None:
    give_class(scene, profile="Restricted")
    scene.fleet(upstream={}, pod={"priorityClassName": "high"})


def _no_class(scene: Scene) -> None:
    give_class(scene, namespaceSelector={"matchLabels": {"tier": "nowhere"}})
    scene.fleet()


def _tried(scene: Scene) -> None:
    give_class(scene, profile="Privileged", enforcement="Audit", limits={"maxReplicas": 1})
    scene.fleet(replicas=2)


CLASSES = [
    Failure(
        "more-than-the-class-allows",
        "the object asks for more than its GoProxyClass allows",
        STALLED,
        "ClassLimitExceeded",
        "spec.replicas 3 is more than limits.maxReplicas of GoProxyClass troubles 2",
        "write what the class allows, or ask whoever keeps it for more",
        "write less, or ask whoever keeps the class; the fleet goes on with what was accepted last",
        _limited,
    ),
    Failure(
        "field-of-the-platform-team",
        "the object writes a field that its class leaves to the platform team",
        STALLED,
        "ClassLimitExceeded",
        "spec.pod.priorityClassName .* is not left to the fleet by profile Restricted",
        "remove it",
        "remove the field, or ask whoever keeps the class",
        _restricted,
    ),
    Failure(
        "no-class-admits",
        "there are classes, and no class admits the namespace",
        STALLED,
        "ClassNotAdmitted",
        "class",
        "ask whoever keeps the classes",
        "ask whoever keeps the classes for one whose `namespaceSelector` matches the namespace",
        _no_class,
    ),
    Failure(
        "class-in-a-dry-run",
        "a class that is tried (`enforcement: Audit`) would refuse the object",
        "WithinClass",
        "ClassLimitExceeded",
        "once GoProxyClass troubles is enforced, this fleet is refused: .*maxReplicas of GoProxyClass troubles 1",
        "write what the class allows",
        "nothing yet: the fleet runs; write less before the class is enforced",
        _tried,
    ),
]
