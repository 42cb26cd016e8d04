"""A namespace of the cluster, and what a test does in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modproxy.contract.report import Report
from tests.e2e.waiting import until
from tests.kubernetes.kind_cluster import Cluster, CommandError

Object = dict[str, Any]

FLEET_LABEL = "goproxy-operator.dev/fleet"


@dataclass(frozen=True)
class Space:
    """One namespace."""

    cluster: Cluster
    name: str

    def kubectl(self, *arguments: str | Path, stdin: str | None = None, seconds: float = 120.0) -> str:
        """What kubectl prints, in this namespace. Raises CommandError."""
        return self.cluster.kubectl(f"--namespace={self.name}", *arguments, stdin=stdin, seconds=seconds)

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Apply objects as a user does."""
        documents = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--filename=-", stdin=json.dumps(documents))

    def get(self, kind: str, name: str) -> Object:
        """An object. Raises CommandError when there is none."""
        found: Object = json.loads(self.kubectl("get", kind, name, "--output=json"))
        return found

    def exists(self, kind: str, name: str) -> bool:
        """Whether there is such an object."""
        return bool(self.kubectl("get", kind, name, "--ignore-not-found", "--output=name"))

    def items(self, kind: str, selector: str = "") -> list[Object]:
        """All objects of a kind, or those that a label selector selects."""
        found = json.loads(self.kubectl("get", kind, f"--selector={selector}", "--output=json"))
        items: list[Object] = found["items"]
        return items

    def pods(self, fleet: str) -> list[Object]:
        """The fleet's pods, by name."""
        return sorted(self.items("pods", f"{FLEET_LABEL}={fleet}"), key=lambda pod: str(pod["metadata"]["name"]))

    def condition(self, fleet: str, kind: str) -> Object:
        """A condition of a GoProxy; empty while it has none of that type."""
        conditions = self.get("goproxy", fleet).get("status", {}).get("conditions", [])
        return next((one for one in conditions if one["type"] == kind), {})

    def wait_ready(self, fleet: str, replicas: int, seconds: float = 120.0) -> None:
        """Wait until the GoProxy says that this generation is in force and that so many replicas are ready."""

        def ready() -> bool:
            item = self.get("goproxy", fleet)
            status = item.get("status", {})
            types = {one["type"]: one for one in status.get("conditions", [])}
            assert status.get("observedGeneration") == item["metadata"]["generation"], "an older generation"
            assert status.get("readyReplicas") == replicas, status
            assert types["Ready"]["status"] == "True" and "Reconciling" not in types, types
            return True

        until(ready, f"{self.name}/{fleet} has {replicas} ready replicas", seconds)

    def on_two_nodes(self, fleet: str) -> list[str]:
        """Bring a fleet that has one replica to two, on different nodes; the nodes, by replica.

        The first node is closed meanwhile, because the scheduler only prefers to spread replicas.
        """
        self.wait_ready(fleet, 1)
        first = str(self.pods(fleet)[0]["spec"]["nodeName"])
        self.cluster.kubectl("cordon", first)
        try:
            self.kubectl("scale", "goproxy", fleet, "--replicas=2")
            self.wait_ready(fleet, 2)
        finally:
            self.cluster.kubectl("uncordon", first)
        return [str(pod["spec"]["nodeName"]) for pod in self.pods(fleet)]

    def report(self, pod: str) -> Report:
        """What a replica says of itself. Raises CommandError when it does not answer."""
        return Report.model_validate_json(self._raw(pod, 8081, "-/report"))

    def metrics(self, pod: str) -> str:
        """A replica's metrics, as Prometheus gets them."""
        return self._raw(pod, 8081, "metrics")

    def ask(self, pod: str, path: str) -> tuple[bool, str]:
        """Ask one replica for a path as a client would: whether it is served, and the answer or the refusal."""
        try:
            return True, self._raw(pod, 8080, path)
        except CommandError as refused:
            return False, str(refused)

    def _raw(self, pod: str, port: int, path: str) -> str:
        return self.kubectl(
            "get", "--raw", f"/api/v1/namespaces/{self.name}/pods/{pod}:{port}/proxy/{path}", seconds=30
        )
