"""Kubeconfigs, credential plugins and tokens, made by tests."""

from __future__ import annotations

import base64
import json
import sys
import time
from pathlib import Path
from typing import Any

import yaml

V1 = "client.authentication.k8s.io/v1"


def plugin(folder: Path, body: str, name: str = "get-token") -> Path:
    """Write a plugin: a program of Python that has `answer(**status)`, and notes each of its runs."""
    path = folder / name
    path.write_text(
        f"#!{sys.executable}\n"
        "import json, os, pathlib, sys, time\n"
        "from datetime import UTC, datetime, timedelta\n"
        f"with open({str(path) + '.runs'!r}, 'a') as file: file.write('run\\n')\n"
        "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "def later(seconds): return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%SZ')\n"
        "def answer(**status):\n"
        "    print(json.dumps({'apiVersion': info['apiVersion'], 'kind': 'ExecCredential', 'status': status}))\n"
        f"{body}\n"
    )
    path.chmod(0o700)
    return path


def runs(path: Path) -> int:
    """How often a plugin ran."""
    noted = path.with_name(f"{path.name}.runs")
    return len(noted.read_text().splitlines()) if noted.exists() else 0


def kubeconfig(folder: Path, user: dict[str, Any] | None, cluster: dict[str, Any] | None = None) -> Path:
    """Write a kubeconfig with the contexts `one`, which is current, and `other`."""
    path = folder / "config"
    clusters = {
        "c": {"server": "https://one.example:6443", **(cluster or {})},
        "o": {"server": "https://other.example"},
    }
    users = {"u": user, "o": {"token": "other"}} if user is not None else {"o": {"token": "other"}}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [{"name": name, "cluster": value} for name, value in clusters.items()],
        "users": [{"name": name, "user": value} for name, value in users.items()],
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u"}},
            {"name": "other", "context": {"cluster": "o", "user": "o"}},
        ],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def executing(command: Path | str, **more: Any) -> dict[str, Any]:
    """A user whose credentials a plugin gives."""
    return {"exec": {"apiVersion": V1, "command": str(command), "interactiveMode": "IfAvailable", **more}}


def jwt(seconds: float) -> str:
    """A token that expires in so many seconds; nobody here looks at its signature."""
    parts: tuple[dict[str, Any], ...] = ({"alg": "none"}, {"exp": int(time.time() + seconds)}, {})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
