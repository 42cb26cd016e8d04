"""Which panels have no figures on this machine."""

from __future__ import annotations

from pathlib import Path

OF_CONTAINERS = ("CPU that the limit withheld", "Memory of the limit", "Time that threads wait")
UNSEEN = () if Path("/sys/fs/cgroup/cpu.max").exists() else OF_CONTAINERS
"""The file is there in a container of a machine with cgroup v2. Elsewhere nothing tells the figures of these panels."""
