"""Which allowlist is in force: the one that the object names, or the last known one while that is missing or broken.

Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from goproxy_operator.desired.config.modules import ALLOWLIST_FILE
from goproxy_operator.desired.names import ALLOWLIST_SOURCE_ANNOTATION, USER_ALLOWLIST_KEY
from goproxy_operator.kube.resources import Object
from goproxy_operator.reconcile.decide.problem import Problem
from modproxy.contract.report_fields import plain_text
from modproxy.mod.dead_pattern import dead
from modproxy.mod.pattern import PatternError, entries, parse_lines

_MOST_FAULTS = 1024
"""Of so many texts the operator remembers what is wrong with them, because it comes back to them at each pass."""
_faults: dict[tuple[Callable[[str], str | None], bytes], str | None] = {}
"""What a search has found in a text, by the text's digest: reading a long text takes long."""


@dataclass(frozen=True, slots=True)
class AllowlistInForce:
    """The text in force, empty where nothing more is allowed, and why it is not the one that the object names."""

    text: str
    problem: Problem | None = None


def decide_allowlist(name: str, named: Object | None, live_child: Object | None) -> AllowlistInForce:
    """Decide from the ConfigMap `name` that the user keeps, and from the fleet's own one, where they exist."""
    known = _last_known(name, live_child)
    text = (named or {}).get("data", {}).get(USER_ALLOWLIST_KEY)
    if text is None:
        what = "does not exist" if named is None else f"has no key {USER_ALLOWLIST_KEY!r}"
        return AllowlistInForce(known or "", Problem("AllowlistMissing", f"ConfigMap {name} {what}: {_effect(known)}"))
    where = f"ConfigMap {name}, key {USER_ALLOWLIST_KEY!r}"
    # A list that is in force was read when it was taken.
    if text != known and (fault := _found(_syntax_fault, text)):
        return AllowlistInForce(known or "", Problem("AllowlistInvalid", f"{where}, {fault}; {_effect(known)}"))
    if useless := _found(_useless_entry, text):
        return AllowlistInForce(text, Problem("PatternMatchesNothing", f"{where}: {useless}; the rest is in force"))
    return AllowlistInForce(text)


def _found(search: Callable[[str], str | None], text: str) -> str | None:
    at = search, sha256(text.encode("utf-8", "surrogatepass")).digest()
    if at not in _faults:
        if len(_faults) >= _MOST_FAULTS:
            del _faults[next(iter(_faults))]
        _faults[at] = search(text)
    return _faults[at]


def _syntax_fault(text: str) -> str | None:
    try:
        parse_lines(text)
    except PatternError as e:
        return plain_text(str(e))
    return None


def _useless_entry(text: str) -> str | None:
    """Return the first entry of a list of good syntax that matches no module, with why."""
    for _, entry in entries(text.splitlines()):
        pattern = entry.removesuffix("/")
        if why := dead(pattern):
            return plain_text(f"{pattern!r} matches no module: {why}")
    return None


def _last_known(name: str, live_child: Object | None) -> str | None:
    if live_child is None:
        return None
    source = live_child["metadata"].get("annotations", {}).get(ALLOWLIST_SOURCE_ANNOTATION)
    text: str | None = live_child.get("data", {}).get(ALLOWLIST_FILE)
    # A list that was taken from another ConfigMap says nothing about this one.
    return text if source == name else None


def _effect(known: str | None) -> str:
    if not known:
        return "until it is there, only modules.allow is allowed"
    return "the last known list stays in force"
