"""The report that a replica answers with on `/-/report`. The operator makes the object's status of it.

The report is pure data. Its figures are raw bytes and counts, which the reader rounds. A reader accepts unknown keys,
because a newer replica may report more than an older operator knows.
"""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

SCHEMA_VERSION = 1
WINDOW_SECONDS = 600
"""How many seconds `Window` covers."""


class ReportPart(BaseModel):
    """Gives every part of the report camelCase keys, and makes it immutable."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)


class StorageState(ReportPart):
    """The cache's size. `used_bytes` counts our own files only; `capacity_bytes` is the smaller of the configured size
    and the file system's. `scanned` is false while a restarted replica is still counting what it holds. `disk_pressure`
    is why nothing is stored, or soon will not be.
    """

    used_bytes: int
    capacity_bytes: int
    objects: int
    scanned: bool = True
    disk_pressure: str | None = None


class Window(ReportPart):
    """Requests of clients in the last `WINDOW_SECONDS` (or since the start, if that is less: `seconds`).

    `hits` are answers for which no request left the fleet (hit, stale, negative, peer); `requests` are hits and
    misses, refusals not counted. `requests_per_second` counts every client request of the last minute;
    `recent_requests` are those of the last `recent_seconds` (at most 30), for who has to react fast. An older replica
    does not say them.
    """

    seconds: float
    hits: int
    requests: int
    requests_per_second: float
    recent_requests: int | None = None
    recent_seconds: float | None = None


class ConfigState(ReportPart):
    """Which config is in force: `hash` of its documents, `generation` counted from 1 since the start, and `error`, why
    a newer one was not taken.
    """

    hash: str
    generation: int
    error: str | None = None
    warnings: tuple[str, ...] = ()


class Report(ReportPart):
    """What a replica says of itself."""

    schema_version: int = SCHEMA_VERSION
    version: str
    ready: bool
    uptime_seconds: float
    config: ConfigState
    storage: StorageState
    window: Window
    requests: dict[str, int]
    """Client requests since the start by how they were answered: hit, stale, negative, peer, miss, denied."""
