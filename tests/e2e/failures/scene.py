"""Where a failure is made: a namespace of its own, a fleet in it, and servers that do not do what they should."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.failures.ill_servers import IllServers
from tests.e2e.space import Object, Space
from tests.e2e.waiting import until
from tests.kubernetes.images import Images
from tests.kubernetes.kind_cluster import CommandError

FLEET = "team"
POD = f"{FLEET}-0"
INFO = "github.com/google/go-cmp/@v/v0.6.0.info"


@dataclass(frozen=True)
class Scene:
    """A namespace for one failure. `upstream` is the URL of a healthy one, `address` this machine as pods see it."""

    space: Space
    upstream: str
    address: str
    ill: IllServers
    images: Images
    wide: list[tuple[str, str]] = field(default_factory=list)
    """Objects of the cluster's that the failure needs."""

    def fleet(self, **spec: Any) -> None:
        """Apply the fleet, of one replica that asks the healthy upstream, where `spec` says nothing else."""
        fields: Object = {
            "replicas": 1,
            "upstream": {"goproxy": self.upstream, "gosumdb": "off"},
            "cache": {"storage": {"size": "1Gi", "whenDeleted": "Delete"}},
        }
        self.apply("goproxy-operator.dev/v1alpha1", "GoProxy", FLEET, spec=fields | spec)

    def serving(self, **spec: Any) -> None:
        """Apply the fleet and wait until it serves."""
        self.fleet(**spec)
        self.space.wait_ready(FLEET, 1)

    def upstreams(self, **fields: Any) -> None:
        """Apply the fleet with other fields of `spec.upstream`."""
        self.fleet(upstream={"goproxy": self.upstream, "gosumdb": "off"} | fields)

    def apply(self, version: str, kind: str, name: str, **content: Any) -> None:
        """Apply an object."""
        self.space.apply({"apiVersion": version, "kind": kind, "metadata": {"name": name}, **content})

    def apply_wide(self, version: str, kind: str, name: str, **content: Any) -> None:
        """Apply an object of the cluster's, which is removed in the end."""
        self.wide.append((kind, name))
        self.apply(version, kind, name, **content)

    def secret(self, name: str, kind: str = "Opaque", **data: str) -> None:
        """Apply a Secret; keys are written with _ for a dot or a dash: the first that fits a known key."""
        known = {"ca_crt": "ca.crt", "tls_crt": "tls.crt", "tls_key": "tls.key", "ssh_privatekey": "ssh-privatekey"}
        encoded = {known.get(key, key): base64.b64encode(text.encode()).decode() for key, text in data.items()}
        self.apply("v1", "Secret", name, type=kind, data=encoded)

    def config_map(self, name: str, **data: str) -> None:
        """Apply a ConfigMap."""
        self.apply("v1", "ConfigMap", name, data=data)

    def running(self) -> None:
        """Wait until the replica's container runs."""

        def runs() -> bool:
            (status,) = self.space.get("pod", POD)["status"].get("containerStatuses") or [{}]
            return "running" in status.get("state", {})

        def looks() -> bool:
            try:
                return runs()
            except CommandError:
                return False

        until(looks, "the container runs", seconds=60)

    def patch(self, kind: str, name: str, content: Object) -> None:
        """Change an object as its owner would not."""
        self.space.kubectl("patch", kind, name, "--type=merge", "--patch", json.dumps(content))

    def ask(self) -> None:
        """Ask the replica for a module, as a client does, whatever the answer is."""
        self.space.ask(POD, INFO)

    def describe(self) -> str:
        """What `kubectl describe gop` prints."""
        return self.space.kubectl("describe", "goproxy", FLEET)
