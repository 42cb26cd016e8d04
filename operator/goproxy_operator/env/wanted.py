"""Which values the go command has to have for a fleet, and what they change. Pure.

Nothing that the user has set is dropped without being told: patterns are added to those that are there, and what goes
is a line of `changes`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from goproxy_operator.go_env.finding import without_logins
from goproxy_operator.go_env.settings import GoEnv, Origin
from modproxy.contract.report_fields import plain_text
from modproxy.mod.chain import ChainError, EntryKind, parse_chain

_PRIVATE = ("GOPRIVATE", "GONOPROXY", "GONOSUMDB")


class On(StrEnum):
    """After which answers of the fleet the go command goes on to the next entry."""

    ABSENT = "absent"
    """404 and 410: a comma."""
    ERROR = "error"
    """Any error, a refusal (403) and a fleet that is down among them: `|`."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """What comes after the fleet."""

    entry: str
    """`direct`, `off`, a URL; empty for nothing."""
    on: On

    def after(self, url: str) -> str:
        """Return GOPROXY with the fleet first."""
        if not self.entry:
            return url
        return f"{url}{'|' if self.on is On.ERROR else ','}{self.entry}"


@dataclass(frozen=True, slots=True)
class Change:
    """One variable that gets another value."""

    name: str
    before: str
    after: str


def fallback_of(told: str | None, on: On | None, current: str) -> Fallback:
    """Return what comes after the fleet: as told, or as the current GOPROXY ends.

    A URL is for the case that the fleet is down. What the fleet refuses must not come from direct all the same.
    """
    if told is None:
        entry, separator = _end_of(current)
        return Fallback(entry, on or separator)
    entry = "" if told == "none" else told
    return Fallback(entry, on or (On.ERROR if "/" in entry else On.ABSENT))


def _end_of(current: str) -> tuple[str, On]:
    try:
        chain = parse_chain(current)
    except ChainError:
        return "", On.ABSENT
    last = chain[-1]
    if last.kind is EntryKind.PROXY or len(chain) == 1:
        return "", On.ABSENT
    return str(last), On.ERROR if chain[-2].fall_back_on_error else On.ABSENT


def wanted(env: GoEnv, url: str, fallback: Fallback, unverified: Sequence[str]) -> dict[str, str]:
    """Return the variables and their values. `unverified` are patterns that no checksum database knows.

    GONOSUMDB has no effect on GOPRIVATE, but hides it: where it is set, it has the patterns of GOPRIVATE as well.
    GOPRIVATE is not set, because the go command would then ask version control, and not the fleet.
    """
    values = {"GOPROXY": fallback.after(url)}
    if unverified:
        values["GONOSUMDB"] = _joined(env.value("GONOSUMDB"), unverified)
    return values


def goauth(env: GoEnv, url: str) -> str:
    """Return GOAUTH with the token for a fleet first. Other ways stay behind it: a netrc file may have other logins.

    Source: `go help goauth`; of two ways that know a login the first one counts, and `off` stands alone.
    """
    own = f"goproxy-operator goauth {url}"
    others = (way.strip() for way in env.value("GOAUTH").split(";"))
    return ";".join(dict.fromkeys([own, *(way for way in others if way and way != "off")]))


def kept(env: GoEnv) -> dict[str, str]:
    """Return private settings that stay as they are, for pipelines, which do not have this machine's."""
    own = (Origin.ENVIRONMENT, Origin.ENV_FILE)
    return {name: env.value(name) for name in _PRIVATE if env.settings[name].origin in own}


def _joined(current: str, more: Sequence[str]) -> str:
    return ",".join(dict.fromkeys([*filter(None, (one.strip() for one in current.split(","))), *more]))


def changes(env: GoEnv, values: Mapping[str, str]) -> list[Change]:
    """Return what would change."""
    return [Change(name, env.value(name), value) for name, value in values.items() if env.value(name) != value]


def diff_of(env: GoEnv, values: Mapping[str, str]) -> Iterator[str]:
    """Yield the changes as the lines of a diff, with a line for each entry that goes."""
    for change in changes(env, values):
        if change.before:
            yield f"- {change.name}={without_logins(change.before)}"
        yield f"+ {change.name}={without_logins(change.after)}"
    before = [one for one in re.split("[,|]", env.value("GOPROXY")) if one.strip()]
    after = re.split("[,|]", values.get("GOPROXY", ""))
    gone = [one.strip() for one in before if one.strip().rstrip("/") not in after]
    if gone and "@" not in env.value("GOPROXY"):
        yield f"# no longer asked: {plain_text(', '.join(gone))} (--fallback says what comes after the fleet)"
