"""Reports of replicas, made for tests."""

from __future__ import annotations

from modproxy.contract.report import ConfigState, Report, StorageState, Window


def report(
    *,
    hits: int = 0,
    requests: int = 0,
    per_second: float = 0.0,
    used: int = 0,
    capacity: int = 1000,
    ready: bool = True,
    config: str = "c1",
    error: str | None = None,
    pressure: str | None = None,
) -> Report:
    """Make a report with these figures."""
    return Report(
        version="0",
        ready=ready,
        uptime_seconds=1.0,
        config=ConfigState(hash=config, generation=1, error=error),
        storage=StorageState(used_bytes=used, capacity_bytes=capacity, objects=3, disk_pressure=pressure),
        window=Window(seconds=60.0, hits=hits, requests=requests, requests_per_second=per_second),
        requests={},
    )
