"""The answer of `/-/why` as people read it: the verdict first, then what it is made of. Pure."""

from collections.abc import Iterator

from goproxy_operator.output import Line, Mood, Section, View, shown
from goproxy_operator.quantity import format_bytes
from modproxy.contract.why import Check, Copy, Decision, Outcome, Step, Why

_MARKS = {
    Outcome.PASSES: ("+", Mood.GOOD, ""),
    Outcome.REFUSES: ("x", Mood.BAD, " refuses"),
    Outcome.WOULD_REFUSE: ("!", Mood.WORTH_A_LOOK, " would refuse (DryRun)"),
    Outcome.UNKNOWN: ("?", Mood.WORTH_A_LOOK, " is not known"),
    Outcome.NOT_CONFIGURED: (" ", Mood.FAINT, ""),
    Outcome.NOT_REACHED: (" ", Mood.FAINT, ""),
}
_ROUTES = {
    "hosted": "from the fleet's own depot alone: the module is published to the fleet itself",
    "private": "from version control, and from no public server",
    "public": "from the chain of upstreams",
}
_PLACES = {
    "disk": "on the disk of the replica",
    "objectStore": "in the object store",
    "depot": "in the depot",
    "absence": "as an absence: a 404 is remembered",
}
_KINDS = {
    "objectStore": "object store ",
    "versionControl": "version control ",
    "checksumDatabase": "checksum database ",
    "off": "",
}


def why_view(why: Why) -> View:
    """Return all of it."""
    sections = [Section(list(_verdict(why)))]
    if why.checks:
        sections.append(Section([line for check in why.checks for line in _check(check)], "CHECKS"))
    if why.route is not None or why.steps:
        sections.append(Section(list(_route(why)), "WHERE IT COMES FROM"))
    held = [line for copy in why.held for line in _copy(copy)]
    if why.version and (held or why.route is not None):
        sections.append(Section(held or [Line("nowhere yet", Mood.FAINT, indent=2)], "WHERE IT IS HELD"))
    if why.failures:
        failing = [
            Line(f"{one.place} {one.cause}{f' -> {one.remedy}' if one.remedy else ''}", Mood.BAD, indent=2)
            for one in why.failures
        ]
        sections.append(Section(failing, "SERVERS THAT FAIL"))
    if why.notes:
        sections.append(Section([Line(note, indent=2) for note in why.notes], "NOTES"))
    return View(sections)


def _verdict(why: Why) -> Iterator[Line]:
    name = f"{why.module}@{why.version}" if why.version else why.module
    means = f" (which means {why.resolved})" if why.resolved and why.resolved != why.version else ""
    who = f"for {why.principal}"
    if why.decision is Decision.ALLOWED:
        yield Line(f"{name}{means} is ALLOWED {who}", Mood.GOOD)
    elif why.decision is Decision.REFUSED:
        by = f", by {why.by}" if why.by else ""
        status = f", with {why.status}" if why.status else ""
        yield Line(f"{name}{means} is REFUSED {who}{by}{status}", Mood.BAD)
    else:
        yield Line(f"{name}{means}: nobody knows yet {who}", Mood.WORTH_A_LOOK)
    for line in why.text.strip().split("\n") if why.text else ():
        yield Line(line, indent=2)
    asked = " of ".join(shown(part) for part in (why.replica, why.fleet) if part)
    if asked:
        yield Line(f"answered by {asked}", Mood.FAINT, indent=2)


def _check(check: Check) -> Iterator[Line]:
    mark, mood, words = _MARKS[check.outcome]
    rule = f" [{check.rule}]" if check.rule and check.rule != check.reason else ""
    yield Line(f"{mark} {check.name}{words}: {check.reason or check.outcome}{rule}", mood, indent=2)
    if check.published:
        yield Line(f"published {check.published}", indent=6)
    for one in check.vulnerabilities:
        fixed = f", fixed in {', '.join(one.fixed)}" if one.fixed else ", not fixed yet"
        yield Line(f"{one.id}{fixed}", Mood.BAD if one.refuses else Mood.PLAIN, indent=6)
    if check.licenses:
        yield Line(f"licences: {', '.join(check.licenses)}", indent=6)


def _route(why: Why) -> Iterator[Line]:
    if why.route is not None:
        yield Line(_ROUTES[why.route], indent=2)
    failing = {one.place for one in why.failures}
    for number, step in enumerate(why.steps, 1):
        yield _step(number, step, fails=step.name in failing)


def _step(number: int, step: Step, *, fails: bool) -> Line:
    kind = _KINDS.get(step.kind, f"{step.kind} ")
    login = f", with the login of Secret {step.credential}" if step.credential else ""
    note = f" ({step.note})" if step.note else ""
    mood = Mood.BAD if fails else Mood.PLAIN
    return Line(f"{number}. {kind}{step.name}{login}{note}{', which fails now' if fails else ''}", mood, indent=2)


def _copy(copy: Copy) -> Iterator[Line]:
    place = _PLACES.get(copy.place, copy.place)
    kinds = f": {', '.join(copy.kinds)}" if copy.kinds else ""
    size = f", {format_bytes(copy.size_bytes)}B" if copy.size_bytes is not None else ""
    yield Line(f"{place}{kinds}{size}", indent=2)
    for label, text in (
        ("came from", copy.came_from),
        ("vouched for by", copy.vouched_by),
        ("since", copy.since or ""),
        ("last use", copy.used or ""),
    ):
        if text:
            yield Line(f"{label} {text}", indent=6)
    if copy.note:
        yield Line(copy.note, indent=6)
