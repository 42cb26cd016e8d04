"""The answer of `GET /-/top?limit=N` on the admin listener: which modules clients asked a replica for most."""

from typing import Annotated

from pydantic import AfterValidator

from modproxy.contract.report_fields import Count, ReportPart, Seconds, Text

MOST_MODULES = 1000
"""The most modules that a replica counts, and that an answer has."""
DEFAULT_LIMIT = 20
"""How many modules are told without `limit`."""
TOP_BYTES = 2**21
"""The most bytes of an answer that a reader takes: `MOST_MODULES` entries with long paths have less."""


def _most_modules(modules: "tuple[ModuleUse, ...]") -> "tuple[ModuleUse, ...]":
    return modules[:MOST_MODULES]


class ModuleUse(ReportPart):
    """Tells how much one module is used."""

    module: Text
    """The module's path."""
    requests: Count
    """About how many requests for it were answered with success: never too few, and at most `surplus` too many."""
    surplus: Count = 0
    """By how much `requests` may be too high; 0 where it is exact."""
    bytes: Count
    """The bytes of these answers' bodies since the module is counted."""
    last_used: Seconds
    """When the last of them was answered, in seconds since the epoch."""


class Top(ReportPart):
    """Tells which modules a replica was asked for most, since it started."""

    since: Seconds
    """When counting began, in seconds since the epoch."""
    modules: Annotated[tuple[ModuleUse, ...], AfterValidator(_most_modules)] = ()
    """The most used first."""
