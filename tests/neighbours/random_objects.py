"""Makes objects with statuses of every kind, sensible or not, for comparisons of programs that judge them."""

from __future__ import annotations

import random
from typing import Any

TYPES = ("Ready", "Reconciling", "Stalled", "ConfigSynced", "StorageResizing", "UpstreamReachable")
REASONS = ("Serving", "Suspended", "ScaledToZero", "RollingOut", "ClassLimitExceeded")


def random_object(dice: random.Random) -> dict[str, Any]:
    """A GoProxy as the API server may hold it."""
    generation = dice.randint(1, 3)
    metadata: dict[str, Any] = {"name": "team-a", "namespace": "build", "generation": generation}
    if dice.random() < 0.1:
        metadata["deletionTimestamp"] = "2026-03-04T05:06:07Z"
    made: dict[str, Any] = {"apiVersion": "goproxy-operator.dev/v1alpha1", "kind": "GoProxy", "metadata": metadata}
    made["spec"] = {"replicas": dice.randint(0, 2)}
    if dice.random() < 0.05:
        return made
    status: dict[str, Any] = {}
    if dice.random() < 0.9:
        status["observedGeneration"] = dice.choice([generation, generation, generation, generation - 1, -1])
    if dice.random() < 0.95:
        types = dice.sample(TYPES, dice.randint(0, len(TYPES)))
        status["conditions"] = [
            {
                "type": kind,
                "status": dice.choice(["True", "True", "False", "Unknown"]),
                "reason": dice.choice(REASONS),
                "message": f"message {dice.randint(0, 9)}",
                "lastTransitionTime": "2026-03-04T05:06:07Z",
                "observedGeneration": generation,
            }
            for kind in types
        ]
    return made | {"status": status}
