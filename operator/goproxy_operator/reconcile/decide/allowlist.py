"""Which allowlist is in force: the one that the object names, or the last known one while that is missing or broken.

Pure.
"""

from dataclasses import dataclass
from hashlib import sha256

from goproxy_operator.desired.config.modules import ALLOWLIST_FILE
from goproxy_operator.desired.names import ALLOWLIST_SOURCE_ANNOTATION, USER_ALLOWLIST_KEY
from goproxy_operator.kube.resources import Object
from goproxy_operator.reconcile.decide.problem import Problem
from modproxy.contract.report import plain_text
from modproxy.mod.dead_pattern import dead
from modproxy.mod.pattern import PatternError, parse_lines

_MOST_FAULTS = 1024
"""Of so many texts the operator remembers what is wrong with them, because it comes back to them at each pass."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with a text: it cannot be read, or a line of it does nothing."""

    syntax: str = ""
    dead: str = ""


_NO_FAULT = _Fault()
_faults: dict[bytes, _Fault] = {}
"""What is wrong with a text, by the text's digest, because reading a long text takes long."""


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
    fault = _fault(text)
    # A list that is in force was good when it was taken.
    if fault.syntax and text != known:
        return AllowlistInForce(known or "", Problem("AllowlistInvalid", f"{where}, {fault.syntax}; {_effect(known)}"))
    if fault.dead:
        return AllowlistInForce(text, Problem("PatternMatchesNothing", f"{where}: {fault.dead}; the rest is in force"))
    return AllowlistInForce(text)


def _fault(text: str) -> _Fault:
    digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
    if digest not in _faults:
        if len(_faults) >= _MOST_FAULTS:
            del _faults[next(iter(_faults))]
        _faults[digest] = _look_for_fault(text)
    return _faults[digest]


def _look_for_fault(text: str) -> _Fault:
    try:
        patterns = parse_lines(text)
    except PatternError as e:
        return _Fault(syntax=plain_text(str(e)))
    for pattern in patterns:
        if why := dead(pattern.text):
            return _Fault(dead=plain_text(f"{pattern.text!r} matches no module: {why}"))
    return _NO_FAULT


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
