"""Pods that tests run beside a fleet, of the replicas' own image: it has Python, aiohttp and the go command."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.module_tree import PROJECT
from tests.e2e.space import Object, Space
from tests.e2e.waiting import until

RESTRICTED: Object = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINED: Object = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def pod(name: str, image: str, command: list[str], files: str, environment: dict[str, str]) -> Object:
    """A pod that runs a command once, in the folder /files of the ConfigMap `files`; only /tmp is writable."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "securityContext": RESTRICTED,
            "containers": [
                {
                    "name": "main",
                    "image": image,
                    "command": command,
                    "workingDir": "/files",
                    "env": [{"name": key, "value": value} for key, value in environment.items()],
                    "securityContext": CONTAINED,
                    "volumeMounts": [{"name": "files", "mountPath": "/files"}, {"name": "tmp", "mountPath": "/tmp"}],
                }
            ],
            "volumes": [{"name": "files", "configMap": {"name": files}}, {"name": "tmp", "emptyDir": {}}],
        },
    }


def config_map(name: str, data: dict[str, str]) -> Object:
    """A ConfigMap of texts."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def go_mod_download(space: Space, name: str, image: str, goproxy: str, project: Path = PROJECT) -> tuple[bool, str]:
    """Let a pod with an empty module cache download a project's modules: whether that went well, and what go said.

    Every module is verified by the project's own go.sum.
    """
    files = {one: (project / one).read_text() for one in ("go.mod", "go.sum")}
    environment = {
        "GOPROXY": goproxy,
        "GOSUMDB": "off",  # go.sum is complete, and there is no internet
        "GOTOOLCHAIN": "local",
        "HOME": "/tmp",
        "GOMODCACHE": "/tmp/modules",
    }
    space.apply(config_map(name, files), pod(name, image, ["go", "mod", "download", "-x"], name, environment))
    phase = until(lambda: ended(space, name), f"the pod {name} ends", seconds=120)
    return phase == "Succeeded", space.kubectl("logs", name)


def ended(space: Space, name: str) -> str:
    """The phase of a pod that has ended; empty while it has not."""
    phase: str = space.get("pod", name)["status"]["phase"]
    return phase if phase in ("Succeeded", "Failed") else ""
