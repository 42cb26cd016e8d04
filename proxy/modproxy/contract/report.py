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
    """Reports how full the cache is."""

    used_bytes: int
    """The bytes of the stored files."""
    capacity_bytes: int
    """How many bytes may be stored: the smaller of the configured size and the size of the file system."""
    objects: int
    """The number of stored files."""
    scanned: bool = True
    """False while a restarted replica still counts the files of the former process."""
    disk_pressure: str | None = None
    """Why files are not stored, or may soon not be; None while all is well."""


class Window(ReportPart):
    """Reports the client requests of the last `WINDOW_SECONDS`, or since the start if that is less."""

    seconds: float
    """The span that `hits` and `requests` cover."""
    hits: int
    """Answers for which no request left the fleet: hit, stale, negative, peer."""
    requests: int
    """Hits and misses, without refusals."""
    requests_per_second: float
    """The rate of all client requests in the last minute."""
    recent_requests: int | None = None
    """All client requests in `recent_seconds`, for readers that have to react fast; None from an older replica."""
    recent_seconds: float | None = None
    """The span that `recent_requests` covers, at most 30 seconds; None from an older replica."""


class ConfigState(ReportPart):
    """Reports which config is in force."""

    hash: str
    """`config_hash` of the documents."""
    generation: int
    """The number of the config among those that were taken since the start, from 1."""
    error: str | None = None
    """Why a newer config or certificate was not taken; None when the newest is in force."""
    warnings: tuple[str, ...] = ()
    """Problems of the config that do not keep it from being in force."""


class Report(ReportPart):
    """Reports the state of a replica."""

    schema_version: int = SCHEMA_VERSION
    version: str
    ready: bool
    uptime_seconds: float
    config: ConfigState
    storage: StorageState
    window: Window
    requests: dict[str, int]
    """Client requests since the start, by cache status: hit, stale, negative, peer, miss, denied."""
