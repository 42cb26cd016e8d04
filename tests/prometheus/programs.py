"""Finds Prometheus' own programs, and installs them where that may be done."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.kubernetes import prerequisites
from tests.kubernetes.cache_folder import cache_folder, locked

PROGRAMS = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
}
"""Each program, and Debian's package of it."""


def find(program: str) -> Path:
    """Return the path of one of `PROGRAMS`. Raises MissingPrerequisiteError."""
    with locked(cache_folder() / "prometheus.lock", "Prometheus: another process is installing it"):
        prerequisites.require(PROGRAMS, "A test of alerts and dashboards")
    return Path(shutil.which(program) or program)
