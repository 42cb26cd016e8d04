"""The operator, installed by its chart with the real helm."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.waiting import until
from tests.kubernetes import load, programs
from tests.kubernetes.background import ROOT
from tests.kubernetes.docker_daemon import POD_IMAGE
from tests.kubernetes.images import Images
from tests.kubernetes.kind_cluster import Cluster, run

CHART = ROOT / "charts" / "goproxy-operator"
NAME = "goproxy-operator"  # of the release and of its namespace
LEASE = "goproxy-operator"
PODS = "app.kubernetes.io/name=goproxy-operator"


@dataclass(frozen=True)
class Release:
    """The release of the chart in a cluster."""

    cluster: Cluster
    images: Images

    def helm(self, *arguments: str | Path) -> str:
        """What helm prints, in the release's namespace. Raises CommandError."""
        return run([programs.helm(), *arguments, f"--namespace={NAME}"], self.cluster.environment())

    def settings(self) -> list[str]:
        """What sets the images of this checkout, and switches on what is off by default."""
        images = [f"--set={key}={value}" for key, value in load.settings(self.images).items()]
        # Failures on purpose: an image that cannot be pulled, another program, an account that is not there.
        allowed = [
            f"--set=admissionPolicy.images={{nowhere.test/none:1,{POD_IMAGE}}}",
            "--set=admissionPolicy.serviceAccounts={nobody}",
        ]
        return [*images, *allowed, "--set=externalMetrics.enabled=true"]

    def install(self) -> None:
        """Install it, or bring what is there to this checkout's chart and images, and wait for it."""
        self.helm("upgrade", NAME, CHART, "--install", "--create-namespace", *self.settings(), "--wait", "--timeout=3m")
        self.leader()

    def leader(self) -> str:
        """The name of the pod that holds the Lease, which exists."""

        def holder() -> str:
            where = (f"--namespace={NAME}", "--ignore-not-found", "--output=jsonpath={.spec.holderIdentity}")
            identity = self.cluster.kubectl("get", "lease", LEASE, *where)
            return next((pod for pod in self.pods() if identity.startswith(f"{pod}-")), "")

        return until(holder, "an operator's pod holds the Lease", seconds=60)

    def pods(self) -> dict[str, dict[str, Any]]:
        """The operator's pods, by name."""
        where = (f"--namespace={NAME}", f"--selector={PODS}", "--output=json")
        items = json.loads(self.cluster.kubectl("get", "pods", *where))["items"]
        return {item["metadata"]["name"]: item for item in items}
