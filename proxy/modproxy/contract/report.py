"""The report that a replica answers with on `/-/report`. The operator makes the object's status of it.

The report is pure data. Its figures are raw bytes and counts, which the reader rounds. A reader accepts unknown keys,
because a newer replica may report more than an older operator knows. Everything else has bounds, because a tenant may
choose what runs as a replica, and because the object's status, an Event and a terminal show what the report says.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from modproxy.contract.report_fields import Count, Hash, Name, Rate, ReportPart, Seconds, Text
from modproxy.contract.report_resources import ResourcesState

SCHEMA_VERSION = 1
WINDOW_SECONDS = 600
"""How many seconds `Window` covers."""
REPORT_BYTES = 2**16
"""The most that a reader takes. A replica's longest report has half of that: `MOST_WARNINGS` texts, and a few more."""
MOST_WARNINGS = 16
"""More warnings than people read at a time."""
MOST_OUTAGES = 16
"""More servers than fail at a time for causes of their own."""
MOST_SECRET_PROBLEMS = 16
MOST_ACCESS_PROBLEMS = 16
MOST_PEERS = 64
"""Names of other replicas: of a larger fleet the first ones are told."""
_MOST_NAMES = 64
"""Several times the number of cache statuses that there are."""


def _most(texts: tuple[str, ...]) -> tuple[str, ...]:
    return texts[:MOST_WARNINGS]


def _most_outages(outages: "tuple[Outage, ...] | None") -> "tuple[Outage, ...] | None":
    return outages and outages[:MOST_OUTAGES]


def _most_problems(problems: "tuple[SecretProblem, ...] | None") -> "tuple[SecretProblem, ...] | None":
    return problems and problems[:MOST_SECRET_PROBLEMS]


def _most_access(problems: "tuple[AccessProblem, ...] | None") -> "tuple[AccessProblem, ...] | None":
    return problems and problems[:MOST_ACCESS_PROBLEMS]


def _most_peers(names: tuple[str, ...]) -> tuple[str, ...]:
    return names[:MOST_PEERS]


class StorageState(ReportPart):
    """Reports how full the cache is."""

    used_bytes: Count
    """The bytes of the stored files."""
    capacity_bytes: Count
    """How many bytes may be stored: the smaller of the configured size and the size of the file system."""
    objects: Count
    """The number of stored files."""
    scanned: bool = True
    """False while a restarted replica still counts the files of the former process."""
    disk_pressure: Text | None = None
    """Why files are not stored, or may soon not be; None while all is well."""


class Window(ReportPart):
    """Reports the client requests of the last `WINDOW_SECONDS`, or since the start if that is less."""

    seconds: Seconds
    """The span that `hits` and `requests` cover."""
    hits: Count
    """Answers for which no request left the fleet: hit, stale, negative, peer."""
    requests: Count
    """Hits and misses, without refusals."""
    requests_per_second: Rate
    """The rate of all client requests in the last minute."""
    recent_requests: Count | None = None
    """All client requests in `recent_seconds`, for readers that have to react fast; None from an older replica."""
    recent_seconds: Seconds | None = None
    """The span that `recent_requests` covers, at most 30 seconds; None from an older replica."""


class ConfigState(ReportPart):
    """Reports which config is in force."""

    hash: Hash
    """`config_hash` of the documents."""
    generation: Count
    """The number of the config among those that were taken since the start, from 1."""
    error: Text | None = None
    """Why a newer config or certificate was not taken; None when the newest is in force."""
    warnings: Annotated[tuple[Text, ...], AfterValidator(_most)] = ()
    """Problems of the config that do not keep it from being in force."""


class Role(StrEnum):
    """Says what a server is for the fleet."""

    UPSTREAM = "upstream"
    DATABASE = "checksumDatabase"
    VERSION_CONTROL = "versionControl"
    HTTP_PROXY = "httpProxy"
    PARENT = "parent"


class Outage(ReportPart):
    """Reports a server that gave no usable answer when it was asked last. The next answer ends it."""

    role: Name
    """A `Role`. A newer replica may know others."""
    place: Text
    """The URL of an upstream or a database without its login, the host of others."""
    named: bool = True
    """Whether the config names the place. Clients choose the other ones."""
    failing: bool = False
    """Whether it fails again and again, so that somebody has to know. It is False for what the config does not name."""
    kind: Name = ""
    """Outages of one kind are one trouble."""
    cause: Text
    """Words that go on from the place, such as `cannot be resolved`."""
    remedy: Text = ""
    """What the keepers of the fleet have to do."""
    since: Seconds
    """When the first failure in a row was, in seconds since the epoch."""
    last: Seconds
    """When the last one was."""
    failures: Count
    """How many there were in a row."""


class SecretProblem(ReportPart):
    """Reports a Secret that the config names and that cannot be used as it is."""

    secret: Text
    problem: Text
    """What is wrong with it, and what it needs."""


class AccessProblem(ReportPart):
    """Reports why some clients cannot prove who they are, or may soon not be able to."""

    part: Text
    """The part of `access`: `oidc https://sso.example.com`, `basic`, `serviceAccounts`, `trustedProxy`."""
    problem: Text
    """What is wrong."""
    remedy: Text = ""
    """What the keepers of the fleet have to do."""


class AuditState(ReportPart):
    """Reports how the audit log fares."""

    receiver: Text = ""
    """The URL of the receiver, without a login; empty without one."""
    failure: Text | None = None
    """Why the receiver takes nothing, in words that go on from its URL; None while it takes records."""
    since: Seconds | None = None
    """When the first failure in a row was, in seconds since the epoch."""
    losing: Text | None = None
    """Why records were dropped lately, without a figure; None when none were."""
    spooled_bytes: Count = 0
    """The bytes of records on the disk that the receiver does not have yet."""
    dropped: Count = 0
    """How many records were dropped since the start, of all targets."""


class PeersState(ReportPart):
    """Reports how the replica fares with the other replicas of its fleet."""

    name: Name
    """The replica's own name among its peers."""
    seen: Annotated[tuple[Name, ...], AfterValidator(_most_peers)] = ()
    """The other replicas that answer, by their names, sorted."""
    known: Count = 0
    """How many other replicas the list of the fleet has, whether they answer or not."""
    moves: Count = 0
    """How many times since the start the replicas that can own modules have changed."""
    failure: Text | None = None
    """Why some or all of the others cannot be asked, without a figure that moves; None while all is well."""
    remedy: Text = ""
    """What the keepers of the fleet have to do."""
    since: Seconds | None = None
    """Since when there is a failure, in seconds since the epoch."""


class ObjectStoreState(ReportPart):
    """Reports how the replica fares with the object store."""

    url: Text
    failure: Text | None = None
    """Why the store cannot be read or written, in words that go on from its URL; None while all is well."""
    remedy: Text = ""
    """What the keepers of the fleet have to do."""
    since: Seconds | None = None
    """Since when there is a failure, in seconds since the epoch."""
    waiting: Count = 0
    """How many files are still to be written to the store."""
    lost: Count = 0
    """How many files since the start were removed before the store had them."""


class SyncState(ReportPart):
    """Reports how the modules fare that are kept complete, as far as this replica owns them."""

    schedule: Text = ""
    """When runs begin, in fields of cron; empty where webhooks alone tell of new versions."""
    modules: Count = 0
    """How many modules the last run looked at."""
    last_run: Seconds | None = None
    """When the last run began, in seconds since the epoch; None before the first one."""
    last_complete: Seconds | None = None
    """When a run last ended after which nothing was missing."""
    next_run: Seconds | None = None
    """When the next run is due."""
    fetched: Count = 0
    """How many versions the last run fetched."""
    missing: Count = 0
    """How many versions were not held at its end."""
    stopped: Text | None = None
    """Why it ended before all was there; None where no bound ended it."""
    problems: Annotated[tuple[Text, ...], AfterValidator(_most)] = ()
    """Some of what is missing, each with the reason."""


class Report(ReportPart):
    """Reports the state of a replica."""

    schema_version: int = SCHEMA_VERSION
    version: Text
    ready: bool
    uptime_seconds: Seconds
    config: ConfigState
    storage: StorageState
    window: Window
    requests: Annotated[dict[Name, Count], Field(max_length=_MOST_NAMES)]
    """Client requests since the start, by cache status: hit, stale, negative, peer, miss, denied."""
    refusals: Annotated[dict[Name, Count], Field(max_length=_MOST_NAMES)] | None = None
    """Requests that policies refused in the last `WINDOW_SECONDS`, by the kind of the rule; None from an older
    replica.
    """
    outages: Annotated[tuple[Outage, ...] | None, AfterValidator(_most_outages)] = None
    """The servers that fail; None from an older replica."""
    secret_problems: Annotated[tuple[SecretProblem, ...] | None, AfterValidator(_most_problems)] = None
    """The Secrets that cannot be used; None from an older replica."""
    access_problems: Annotated[tuple[AccessProblem, ...] | None, AfterValidator(_most_access)] = None
    """Why clients cannot prove who they are; None where no config asks them to, and from an older replica."""
    peers: PeersState | None = None
    """How the replica fares with its peers; None without a config for them, and from an older replica."""
    object_store: ObjectStoreState | None = None
    """How the replica fares with the object store; None without one, and from an older replica."""
    sync: SyncState | None = None
    """How the modules fare that are kept complete; None where the config names none, and from an older replica."""
    audit: AuditState | None = None
    """How the audit log fares; None without one, and from an older replica."""
    resources: ResourcesState | None = None
    """What the machine gives the replica; None from an older replica."""
