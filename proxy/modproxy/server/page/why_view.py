"""The answer to `why`, drawn. Pure."""

from modproxy.contract.report import Outage
from modproxy.contract.why import Check, Copy, Decision, Outcome, Route, Step, Why
from modproxy.server.page.frame import table
from modproxy.server.page.markup import Html, tag
from modproxy.server.page.words import ago, day, size, stamp

_OUTCOMES = {
    Outcome.PASSES: ("passes", "good"),
    Outcome.REFUSES: ("refuses", "bad"),
    Outcome.WOULD_REFUSE: ("DryRun: would refuse", "warn"),
    Outcome.NOT_CONFIGURED: ("not set", ""),
    Outcome.UNKNOWN: ("not known yet", "warn"),
    Outcome.NOT_REACHED: ("not reached", ""),
}
_CHECKS = {
    "class": "Class of the fleet",
    "access": "Right to read",
    "modules": "Allowed and denied modules",
    "fetch": "Right to have it fetched",
    "vulnerabilities": "Known vulnerabilities",
    "age": "Minimum age",
    "licenses": "Licences",
}
_PLACES = {
    "disk": "the disk of this replica",
    "objectStore": "the object store",
    "depot": "the depot of published modules",
    "absence": "remembered as absent",
}
_STEPS = {
    "depot": "Depot",
    "peer": "Other replicas",
    "objectStore": "Object store",
    "parent": "Parent fleet",
    "upstream": "Upstream",
    "versionControl": "Version control",
    "checksumDatabase": "Checksum database",
    "off": "Not asked",
}
_ROUTES = {
    Route.HOSTED: "It is published to this fleet, and comes from nowhere else.",
    Route.PRIVATE: "It is private: it comes from version control, and no public server learns its name.",
    Route.PUBLIC: "It is public: it comes from the chain of upstreams.",
}


def drawn(why: Why, now: float) -> tuple[Html, ...]:
    """Draw the verdict, the checks, the way and the copies."""
    parts = [verdict(why)]
    parts.append(tag("h2", "Checks"))
    parts.append(
        table("In the order in which they decide", ("Check", "Outcome", "Why"), [_check(c) for c in why.checks])
    )
    if why.version and (why.held or why.decision is not Decision.REFUSED):
        parts.append(tag("h2", "Held now"))
        parts.append(_held(why.held, now))
    if why.steps:
        parts.append(tag("h2", "Where it comes from"))
        parts.append(tag("p", _ROUTES[why.route] if why.route is not None else None))
        parts.append(tag("ol", [tag("li", _step(step)) for step in why.steps], class_="way"))
    if why.failures:
        parts.append(tag("h2", "What fails now"))
        parts.append(tag("ul", [tag("li", failing(one, now)) for one in why.failures]))
    if why.notes:
        parts.append(tag("h2", "To know"))
        parts.append(tag("ul", [tag("li", note) for note in why.notes]))
    return tuple(parts)


def verdict(why: Why) -> Html:
    """Draw what is decided, in a box."""
    what = why.resolved if why.resolved and why.resolved != why.version else ""
    meant = tag("p", f"{why.version} is {what} now.") if what and why.version else None
    if why.decision is Decision.ALLOWED:
        return tag("div", tag("p", tag("strong", "Allowed"), f" for {why.principal}."), meant, class_="verdict good")
    if why.decision is Decision.UNKNOWN:
        words = " Nothing refuses it so far; a check needs what only a fetch can tell."
        return tag("div", tag("p", tag("strong", "Not known yet."), words), meant, class_="verdict warn")
    head = tag(
        "p", tag("strong", "Refused"), f" for {why.principal}", f" with status {why.status}." if why.status else "."
    )
    text = tag("pre", why.text.strip()) if why.text else None
    return tag("div", head, meant, text, class_="verdict bad")


def badge(words: str, kind: str = "") -> Html:
    """Draw a short word with a colour; the word says it without the colour too."""
    return tag("span", words, class_=f"badge {kind}".strip())


def failing(outage: Outage, now: float) -> list[Html | str]:
    """Say what fails since when, and what its keepers have to do."""
    words = f"{outage.place} {outage.cause}, for {outage.failures} {'request' if outage.failures == 1 else 'requests'}"
    return [f"{words} since {stamp(outage.since)} ({ago(outage.since, now)})."]


def _check(check: Check) -> Html:
    words, kind = _OUTCOMES[check.outcome]
    more: list[Html] = []
    if check.rule and check.rule != check.reason and check.outcome is not Outcome.PASSES:
        more.append(tag("div", "rule: ", check.rule, class_="small"))
    if check.published:
        more.append(tag("div", f"published {day(check.published)}", class_="small"))
    for one in check.vulnerabilities:
        fixed = f"fixed in {', '.join(one.fixed)}" if one.fixed else "no version is known to be fixed"
        counted = "" if one.refuses else "; not counted by the fleet's rules"
        more.append(tag("div", tag("code", one.id), f" {fixed}{counted}", class_="small"))
    return tag(
        "tr",
        tag("th", _CHECKS.get(check.name, check.name), scope="row"),
        tag("td", badge(words, kind)),
        tag("td", check.reason, more, class_="wide"),
    )


def _step(step: Step) -> list[Html | str]:
    parts: list[Html | str] = [tag("strong", _STEPS.get(step.kind, step.kind)), ": ", tag("code", step.name)]
    if step.credential:
        parts += [", with the Secret ", tag("code", step.credential)]
    if step.note:
        parts.append(tag("div", step.note, class_="small"))
    return parts


def _held(copies: tuple[Copy, ...], now: float) -> Html:
    if not copies:
        return tag("p", "No file of it is held: the first who asks for it makes the fleet fetch it.")
    return tag("div", [_copy(copy) for copy in copies])


def _copy(copy: Copy) -> Html:
    rows = [
        ("Files", ", ".join(f".{kind}" for kind in copy.kinds)),
        ("Size", size(copy.size_bytes) if copy.size_bytes is not None else ""),
        ("Since", day(copy.since)),
        ("Last used", day(copy.used)),
        ("Came from", copy.came_from),
        ("Vouched for by", copy.vouched_by or ("nobody" if copy.kinds else "")),
        ("", copy.note),
    ]
    listed = [(tag("dt", name), tag("dd", value)) for name, value in rows if value]
    title = _PLACES.get(copy.place, copy.place)
    return tag("section", tag("h3", title[0].upper() + title[1:]), tag("dl", listed), class_="panel")
