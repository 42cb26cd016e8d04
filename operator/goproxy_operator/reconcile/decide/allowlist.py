"""Which allowlist is in force: the one that the object names, or the last known one while that is missing or broken.

Pure.
"""

from dataclasses import dataclass

from goproxy_operator.desired.config.modules import ALLOWLIST_FILE
from goproxy_operator.desired.names import ALLOWLIST_SOURCE_ANNOTATION, USER_ALLOWLIST_KEY
from goproxy_operator.kube.resources import Object
from goproxy_operator.reconcile.decide.problem import Problem
from modproxy.contract.report import plain_text
from modproxy.mod.pattern import PatternError, parse_lines

MOST_LINES = 10_000
"""Reading so many takes a quarter of a second, in which the operator does nothing else."""


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
    if text == known:
        return AllowlistInForce(text)  # it was read when it was taken, and reading a long one takes long
    try:
        if len(text.splitlines()) > MOST_LINES:
            raise PatternError(f"more than {MOST_LINES} lines: write globs that match more modules each")
        parse_lines(text)
    except PatternError as e:
        what = f"ConfigMap {name}, key {USER_ALLOWLIST_KEY!r}, {plain_text(str(e))}"
        return AllowlistInForce(known or "", Problem("AllowlistInvalid", f"{what}; {_effect(known)}"))
    return AllowlistInForce(text)


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
