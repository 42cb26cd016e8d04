"""Asks the real kstatus and the real Argo CD what they make of objects."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.neighbours import programs

HEALTH = Path(__file__).parents[2] / "docs" / "argocd" / "health.lua"
_SECONDS = 60


def _ask(command: Sequence[str | Path], objects: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    said = subprocess.run(
        command, input=json.dumps(objects), capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert said.returncode == 0, said.stderr
    verdicts = [(verdict["status"], verdict["message"]) for verdict in json.loads(said.stdout)]
    assert len(verdicts) == len(objects)
    return verdicts


def kstatus(objects: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Status and message of each object."""
    return _ask([programs.kstatus()], objects)


def argocd(objects: Sequence[dict[str, Any]], health: Path | None = HEALTH) -> list[tuple[str, str]]:
    """Health and message of each object, with our script for a GoProxy; empty where Argo CD has no opinion."""
    scripts = [f"goproxy-operator.dev/GoProxy={health}"] if health else []
    return _ask([programs.argocd(), *scripts], objects)
