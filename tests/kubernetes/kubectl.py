"""kubectl in one namespace, for asynchronous tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tests.kubernetes.control_plane import ControlPlane


@dataclass(frozen=True)
class Kubectl:
    """`await kubectl("get", "pods")` is what it prints. A thread runs it, so that the node stand-in goes on."""

    control_plane: ControlPlane
    namespace: str

    async def __call__(self, *arguments: str | Path, stdin: str | None = None, kubeconfig: Path | None = None) -> str:
        """Run it as the admin unless another kubeconfig is given. KubectlError if it ends with an error."""
        run = self.control_plane.kubectl
        here = f"--namespace={self.namespace}"
        done = await asyncio.to_thread(run, here, *arguments, stdin=stdin, kubeconfig=kubeconfig)
        return done.stdout
