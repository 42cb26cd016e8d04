"""What `doctor` has found, for people and for programs. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from goproxy_operator.doctor.asked import START_PAGE
from goproxy_operator.doctor.hop import Certificate, Hop
from goproxy_operator.go_env.finding import Finding, Weight, without_logins
from goproxy_operator.go_env.goauth import Given
from goproxy_operator.go_env.settings import GoEnv
from goproxy_operator.output import API_VERSION, Grid, Line, Mood, Section, View
from modproxy.contract.probe import Probe
from modproxy.contract.report_fields import plain_text
from modproxy.contract.why import Why

_MOODS = {Weight.WRONG: Mood.BAD, Weight.WORTH_A_LOOK: Mood.WORTH_A_LOOK, Weight.NOTE: Mood.FAINT}
_MARKS = {Weight.WRONG: "x", Weight.WORTH_A_LOOK: "!", Weight.NOTE: " "}
_BOUNDS = ("waited", "slow_after")
_HEADERS = ("HOP", "ANSWER", "DNS", "CONNECT", "TLS", "FIRST BYTE", "TOTAL")


@dataclass(frozen=True, slots=True)
class Examined:
    """All that `doctor` knows."""

    fleet: str | None
    """The URL of the fleet, without a login."""
    asked: str
    env: GoEnv
    hops: Sequence[Hop]
    findings: Sequence[Finding]
    """The worst first."""
    why: Why | None = None
    probes: Mapping[str, Probe] = field(default_factory=dict)
    """How the places that a replica asks answer it, by the replica's name."""
    given: Sequence[Given] = ()
    """What each way of GOAUTH has given for the fleet."""
    unasked: str = ""
    """Why no replica was asked; empty where one was."""

    @property
    def wrong(self) -> list[Finding]:
        """Return what is wrong; nothing where all is well."""
        return [one for one in self.findings if one.weight is Weight.WRONG]


def verdict(examined: Examined) -> str:
    """Return the first line."""
    if wrong := examined.wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return f"WRONG: {wrong[0].text}{more}"
    looks = sum(one.weight is Weight.WORTH_A_LOOK for one in examined.findings)
    return "All is well" + ("" if not looks else f"; worth a look: {looks}")


def doctor_view(examined: Examined, *, verbose: bool) -> View:
    """Return what people read: the verdict, and what to do first, at the top."""
    wrong = examined.wrong
    top = [Line(verdict(examined), Mood.BAD if wrong else Mood.GOOD)]
    if wrong and wrong[0].remedy:
        top.append(Line(f"First: {wrong[0].remedy}"))
    sections = [Section(top)]
    shown = [one for one in examined.findings if verbose or one.weight is not Weight.NOTE]
    if shown:
        sections.append(Section([line for one in shown for line in _finding(one)], "FINDINGS"))
    if examined.hops:
        heading = "THE WAY TO THE FLEET" if examined.asked == START_PAGE else f"THE WAY OF {examined.asked}"
        sections.append(Section([_grid(examined.hops)], heading))
    if verbose:
        sections += [Section(list(_details(hop)), f"{hop.name}: {hop.url}") for hop in examined.hops]
    else:
        untrusted = [hop for hop in examined.hops if hop.fault is not None and hop.chain]
        sections += [Section(list(_chain(hop)), f"WHAT {hop.host} SHOWS") for hop in untrusted]
    if any(probe.places for probe in examined.probes.values()):
        sections.append(Section([_probed(examined.probes)], "FROM THE REPLICAS"))
    elif examined.unasked:
        sections.append(Section([Line(examined.unasked, Mood.FAINT, indent=2)], "FROM THE REPLICAS"))
    if examined.why is not None:
        sections.append(Section(list(_steps(examined.why)), "WHERE THE FLEET ASKS"))
    if examined.given:
        sections.append(Section([_given(examined.given)], "WHAT GOAUTH GIVES FOR THE FLEET (run as go runs it)"))
    sections.append(Section([_settings(examined.env, verbose=verbose)], "SETTINGS OF THE GO COMMAND"))
    return View(sections)


def _finding(one: Finding) -> Iterator[Line]:
    yield Line(f"{_MARKS[one.weight]} {one.text}", _MOODS[one.weight], indent=2)
    if one.remedy:
        yield Line(f"-> {one.remedy}", indent=4)


def _grid(hops: Sequence[Hop]) -> Grid:
    rows = [
        (
            hop.name,
            str(hop.fault or hop.status or "-"),
            *(_span(value) for value in (hop.dns, hop.connect, hop.tls, hop.first_byte, hop.total)),
        )
        for hop in hops
    ]
    moods = [Mood.BAD if hop.fault or (hop.status or 0) >= 400 else Mood.PLAIN for hop in hops]
    return Grid(_HEADERS, rows, frozenset(_HEADERS[2:]), moods)


def _probed(probes: Mapping[str, Probe]) -> Grid:
    rows, moods = [], []
    for replica, probe in probes.items():
        for place in probe.places:
            spans = (place.dns_seconds, place.connect_seconds, place.tls_seconds, place.first_byte_seconds)
            answer = str(place.status or ("fails" if place.failure else "well"))
            kind = f"{place.kind} (spare)" if place.fallback else place.kind
            name = plain_text(place.name)
            rows.append((plain_text(replica), kind, name, answer, *(_span(one) for one in spans), _span(place.seconds)))
            moods.append(Mood.BAD if place.failure and not place.fallback else Mood.PLAIN)
    return Grid(("FROM REPLICA", "KIND", "PLACE", *_HEADERS[1:]), rows, frozenset(_HEADERS[2:]), moods)


def _given(given: Sequence[Given]) -> Grid:
    rows = [(one.way, one.gives or ("fails" if one.problem else "nothing"), one.problem) for one in given]
    moods = [Mood.BAD if one.problem else Mood.PLAIN for one in given]
    return Grid(("WAY", "GIVES", "PROBLEM"), rows, frozenset(), moods)


def _details(hop: Hop) -> Iterator[Line]:
    facts = {
        "address": hop.address,
        "HTTP proxy": hop.http_proxy,
        "TLS": hop.tls_version,
        "SNI": hop.server_name,
        "credential": "sent" if hop.with_credential else "none",
        "says": hop.words,
    }
    for name, value in (facts | hop.headers).items():
        if value and name != "content-length":
            yield Line(value, label=name)
    yield from _chain(hop)


def _chain(hop: Hop) -> Iterator[Line]:
    for number, one in enumerate(hop.chain, 1):
        names = f" for {', '.join(one.names)}" if one.names else ""
        issued = "itself" if one.is_self_signed else one.issuer
        span = f"{one.not_before} to {one.not_after}"
        mood = Mood.PLAIN if one.left else Mood.BAD
        yield Line(f"{number}. {one.subject}{names}, by {issued}, {span}", mood, label="certificate")


def _steps(why: Why) -> Iterator[Line]:
    failing = {one.place: one for one in why.failures}
    for number, step in enumerate(why.steps, 1):
        note = f" ({step.note})" if step.note else ""
        outage = failing.get(step.name)
        yield Line(f"{number}. {step.kind} {step.name}{note}", Mood.BAD if outage else Mood.PLAIN, indent=2)
        if outage:
            yield Line(f"-> {outage.cause}; {outage.remedy}", Mood.BAD, indent=5)


def _settings(env: GoEnv, *, verbose: bool) -> Grid:
    shown = [one for one in env.settings.values() if verbose or one.value]
    return Grid(("NAME", "SET BY", "VALUE"), [(one.name, str(one.origin), without_logins(one.value)) for one in shown])


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def document(examined: Examined) -> dict[str, Any]:
    """Return it for tickets and programs. No field has a secret; fields are added, and never renamed."""
    wrong = examined.wrong
    return {
        "apiVersion": API_VERSION,
        "kind": "Diagnosis",
        "fleet": examined.fleet,
        "asked": examined.asked,
        "well": not wrong,
        "verdict": verdict(examined),
        "first": wrong[0].remedy if wrong else "",
        "findings": [
            {"code": one.code, "weight": str(one.weight), "text": one.text, "remedy": one.remedy}
            for one in examined.findings
        ],
        "hops": [_hop(hop) for hop in examined.hops],
        "settings": [
            {"name": one.name, "value": without_logins(one.value), "origin": str(one.origin)}
            for one in examined.env.settings.values()
        ],
        "goEnvFile": examined.env.env_file,
        "credentials": [{"way": one.way, "gives": one.gives, "problem": one.problem} for one in examined.given],
        "replicasUnasked": examined.unasked,
        "probes": [
            {"replica": name, "places": [place.model_dump(mode="json", by_alias=True) for place in probe.places]}
            for name, probe in examined.probes.items()
        ],
    }


def _hop(hop: Hop) -> dict[str, Any]:
    names = {
        "http_proxy": "httpProxy",
        "first_byte": "firstByteSeconds",
        "dns": "dnsSeconds",
        "connect": "connectSeconds",
        "tls": "tlsSeconds",
        "total": "totalSeconds",
        "tls_version": "tlsVersion",
        "server_name": "serverName",
        "with_credential": "withCredential",
    }
    found = {names.get(name, name): value for name, value in asdict(hop).items() if name not in _BOUNDS}
    found["fault"] = str(hop.fault) if hop.fault else None
    found["chain"] = [_certificate(one) for one in hop.chain]
    found["certificate"] = found["chain"][0] if hop.chain else None
    return found


def _certificate(one: Certificate) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "names": list(one.names),
        "issuer": one.issuer,
        "notBefore": one.not_before,
        "notAfter": one.not_after,
        "selfSigned": one.is_self_signed,
    }
