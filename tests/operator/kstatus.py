"""How kstatus, by which Flux and others wait, reads an object.

Written from its README and source (sigs.k8s.io/cli-utils, pkg/kstatus/status), of which a custom resource meets the
generic part only: being deleted, the generation, the conditions Reconciling and Stalled in the order they are in, and
last Ready. `tests/neighbours/test_kstatus.py` compares it with the real one.
"""

from __future__ import annotations

from typing import Any


def kstatus(item: dict[str, Any]) -> str:
    """One of Terminating, InProgress, Failed, Current."""
    metadata, status = item["metadata"], item.get("status", {})
    if "deletionTimestamp" in metadata:
        return "Terminating"
    if "observedGeneration" in status and status["observedGeneration"] != metadata["generation"]:
        return "InProgress"
    conditions = status.get("conditions", [])
    for condition in conditions:
        if (condition["type"], condition["status"]) == ("Reconciling", "True"):
            return "InProgress"
        if (condition["type"], condition["status"]) == ("Stalled", "True"):
            return "Failed"
    ready = [condition["status"] for condition in conditions if condition["type"] == "Ready"]
    return "Current" if ready in ([], ["True"]) else "InProgress"
