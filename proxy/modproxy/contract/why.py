"""What a replica answers on `/-/why`: whether somebody may have a module, why, and where it comes from.

The page of the replica and the command `kubectl goproxy why` show it. As with the report, a reader accepts unknown
keys, and everything has bounds: names and texts come from clients, upstreams and vulnerability databases.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from modproxy.contract.report import Outage
from modproxy.contract.report_fields import Count, ReportPart, Text
from modproxy.quoting import escape_controls

WHY_SCHEMA_VERSION = 1
WHY_BYTES = 2**18
"""The most that a reader takes. The longest answer has less: what is bounded here has at most 150 texts."""
MOST_CHECKS = 16
"""Twice the number of rules that there are."""
MOST_VULNERABILITIES = 16
"""Vulnerabilities of one version that are named: who has read sixteen knows to take another version."""
MOST_LICENSES = 16
"""More than the licence files of one zip that are read."""
MOST_STEPS = 32
"""Places where a module may come from; longer chains of upstreams are cut."""
MOST_COPIES = 16
MOST_FAILURES = 16
LONGEST_PATH = 512
"""Characters of a module path or a version. Real ones are shorter."""

LONGEST_REFUSAL = 4096
"""Characters: eight lines of at most 400, and the names in them."""


def _short(text: str) -> str:
    return escape_controls(text[:LONGEST_PATH])[:LONGEST_PATH]


def _lines(text: str) -> str:
    return "\n".join(escape_controls(line) for line in text[:LONGEST_REFUSAL].split("\n"))[:LONGEST_REFUSAL]


def _first(most: int) -> AfterValidator:
    """Make a check that keeps the first values of a tuple, so that too many of one kind do not hide all others."""

    def cut(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return values[:most]

    return AfterValidator(cut)


ModuleText = Annotated[str, AfterValidator(_short)]
"""A module path or a version, as somebody wrote it."""
Code = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9]{1,32}$")]
"""A word for programs, which a newer replica may add to."""
Time = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
"""A time as in RFC 3339, in UTC, in whole seconds."""


class Decision(StrEnum):
    """What access and policies say to a GET of the module or version."""

    ALLOWED = "allowed"
    """No rule refuses it. Whether there is such a version, only a fetch can tell where nothing is held."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Something that a rule needs cannot be found out now, or only by a fetch."""


class Outcome(StrEnum):
    """How one check ended."""

    PASSES = "passes"
    REFUSES = "refuses"
    WOULD_REFUSE = "wouldRefuse"
    """The rule is in DryRun: it counts and logs, and refuses nothing."""
    NOT_CONFIGURED = "notConfigured"
    UNKNOWN = "unknown"
    """What the check needs is not known now: `reason` says how it becomes known."""
    NOT_REACHED = "notReached"
    """An earlier check refuses already."""


class Vulnerability(ReportPart):
    """One known vulnerability of the version."""

    id: ModuleText
    """The id in the vulnerability database, such as GO-2026-0001."""
    refuses: bool
    """Whether the rules of the fleet refuse the version for it."""
    fixed: Annotated[tuple[ModuleText, ...], _first(MOST_VULNERABILITIES)] = ()
    """The versions that end it, the lowest first."""


class Check(ReportPart):
    """One check that a request passes through, and how it ends."""

    name: Code
    """`class`, `access`, `modules`, `fetch`, `vulnerabilities`, `age` or `licenses`: as the label `rule`
    of metrics, and `fetch` for
    the right to have something fetched that is not held.
    """
    outcome: Outcome
    reason: Text
    """Why it ends so, in words."""
    rule: Text = ""
    """The rule of the config that decided; empty where none did."""
    published: Time | None = None
    """Of the check `age`: when the version was published, by its `.info`, as far as it is known here."""
    vulnerabilities: Annotated[tuple[Vulnerability, ...], _first(MOST_VULNERABILITIES)] = ()
    licenses: Annotated[tuple[ModuleText, ...], _first(MOST_LICENSES)] = ()
    """Of the check `licenses`: the SPDX identifiers that were found in the zip."""


class Route(StrEnum):
    """Which way a request takes that is not answered from what is held."""

    HOSTED = "hosted"
    """The depot of the fleet alone: the module is published to the fleet itself."""
    PRIVATE = "private"
    """Version control, and no public server."""
    PUBLIC = "public"
    """The chain of upstreams."""


class Step(ReportPart):
    """One place that is asked, in its order, for what is not held."""

    kind: Code
    """`depot`, `peer`, `objectStore`, `parent`, `upstream`, `versionControl`, `checksumDatabase` or `off`."""
    name: Text
    """The URL without a login, the name of the replica, or the host of the repository."""
    credential: ModuleText = ""
    """The Secret of the login that is used; empty without one. Never the login itself."""
    note: Text = ""
    """When it is asked, and what for."""


class Copy(ReportPart):
    """Where files of the version are held now."""

    place: Code
    """`disk` (of this replica), `objectStore`, `depot`, or `absence`: a 404 that is remembered."""
    kinds: Annotated[tuple[Code, ...], _first(8)] = ()
    """`info`, `mod`, `zip`."""
    size_bytes: Count | None = None
    since: Time | None = None
    used: Time | None = None
    """The last use, as the eviction sees it."""
    came_from: Text = ""
    """Where the files came from, in words."""
    vouched_by: Text = ""
    """Who vouched for them: the checksum database by its name, version control, the publisher; empty where nobody did.
    """
    note: Text = ""


class Why(ReportPart):
    """Tells about one module, or one version of it, for one principal."""

    schema_version: int = WHY_SCHEMA_VERSION
    module: ModuleText
    version: ModuleText = ""
    """As asked for; empty where the question is about the module."""
    resolved: ModuleText = ""
    """The version that the query means, as far as it is held here; the version itself where it is one. Empty where only
    a fetch can tell.
    """
    fleet: ModuleText = ""
    replica: ModuleText = ""
    principal: Text
    """For whom it is answered, in words."""
    decision: Decision
    status: Annotated[int, Field(ge=100, lt=600)] | None = None
    """The HTTP status of the refusal; None where nothing refuses."""
    by: Code | None = None
    """The name of the check that refuses; None where none does, or where its name may not be told."""
    text: Annotated[str, AfterValidator(_lines)] = ""
    """The refusal as a GET gets it, in lines, with what to do. Empty where nothing refuses."""
    checks: Annotated[tuple[Check, ...], _first(MOST_CHECKS)] = ()
    """Each check, in the order in which they decide."""
    route: Route | None = None
    """None where nothing may be told of it."""
    steps: Annotated[tuple[Step, ...], _first(MOST_STEPS)] = ()
    held: Annotated[tuple[Copy, ...], _first(MOST_COPIES)] = ()
    failures: Annotated[tuple[Outage, ...], _first(MOST_FAILURES)] = ()
    """Which of the places in `steps` fail now."""
    notes: Annotated[tuple[Text, ...], _first(MOST_CHECKS)] = ()
    """What else the reader has to know."""
