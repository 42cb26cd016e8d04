"""Which values the go command has to have for a fleet, and what they change. Pure.

Nothing that the user has set is dropped without being told: patterns are added to those that are there, and what goes
is a line of `changes`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from goproxy_operator.go_env.finding import without_logins
from goproxy_operator.go_env.settings import GoEnv, Origin
from modproxy.contract.report import plain_text
from modproxy.mod.chain import ChainError, EntryKind, parse_chain
from modproxy.mod.pattern import PatternError, parse_pattern

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_PRIVATE = ("GOPRIVATE", "GONOPROXY", "GONOSUMDB")
_MOST_PATTERNS = 256
"""Of a fleet: its object has at most as many."""


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


def unverified_of(item: Mapping[str, Any]) -> list[str]:
    """Return the patterns of a fleet's object that no checksum database knows. What is no pattern is left out."""
    upstream, hosted = _part(_part(item, "spec"), "upstream"), _part(_part(item, "spec"), "hosted")
    listed = upstream.get("gonosumdb")
    exempt = listed if listed is not None else upstream.get("goprivate")
    return list(dict.fromkeys([*_patterns(exempt), *_patterns(hosted.get("modules"))]))


def hosted_of(item: Mapping[str, Any]) -> list[str]:
    """Return the patterns of modules that only the fleet has."""
    return _patterns(_part(_part(item, "spec"), "hosted").get("modules"))


def private_of(item: Mapping[str, Any]) -> list[str]:
    """Return the patterns of modules that no public server may learn of."""
    return list(dict.fromkeys([*_patterns(_part(_part(item, "spec"), "upstream").get("goprivate")), *hosted_of(item)]))


def exposed_url(item: Mapping[str, Any]) -> str | None:
    """Return the URL by which an ingress or a gateway serves the fleet; None where its object names no host."""
    expose = _part(_part(item, "spec"), "expose")
    ingress, gateway = _part(expose, "ingress"), _part(expose, "gateway")
    prefix = expose.get("pathPrefix") or _part(item, "spec").get("pathPrefix") or ""
    path = prefix.rstrip("/") if isinstance(prefix, str) and _PREFIX.fullmatch(prefix.rstrip("/")) else ""
    for part, is_tls in ((gateway, True), (ingress, bool(ingress.get("tlsSecretName")))):
        host = part.get("host")
        if isinstance(host, str) and _HOST.fullmatch(host):
            return f"{'https' if is_tls else 'http'}://{host}{path}"
    return None


def _part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = item.get(name)
    return found if isinstance(found, dict) else {}


def _patterns(listed: object) -> list[str]:
    found = []
    for text in listed[:_MOST_PATTERNS] if isinstance(listed, list) else ():
        try:
            if isinstance(text, str) and text.isprintable():
                found.append(parse_pattern(text).text)
        except PatternError:
            continue
    return found
