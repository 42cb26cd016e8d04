"""What is wrong with GOVCS, and what GONOPROXY and GOINSECURE do to the module that is asked about. Pure.

Source of the rules: `parseGOVCS` and `checkGOVCS` of cmd/go/internal/vcs, and `go help vcs`.
"""

from collections.abc import Iterator, Sequence

from goproxy_operator.go_env.finding import Finding, Surroundings, Weight, some_of, without_logins, wrong
from goproxy_operator.go_env.leaks import patterns_of
from goproxy_operator.go_env.settings import GoEnv, Origin
from modproxy.contract.report_fields import plain_text
from modproxy.mod.pattern import PatternError, first_match, parse_pattern

_MOST_RULES = 4096
_PUBLIC, _PRIVATE = "public", "private"


class GoVcsError(ValueError):
    """GOVCS is malformed; the message says why."""


def parse_govcs(text: str) -> list[tuple[str, list[str]]]:
    """Read PATTERN:LIST rules. Raises `GoVcsError`."""
    rules: list[tuple[str, list[str]]] = []
    for entry in text.split(",")[:_MOST_RULES] if text.strip() else ():
        pattern, colon, listed = (one.strip() for one in entry.partition(":"))
        allowed = [one.strip() for one in listed.split("|")]
        if not colon or not pattern or not all(allowed):
            raise GoVcsError(f"{entry.strip()[:80]!r} is no PATTERN:LIST such as github.com:git|hg")
        if any(pattern == other for other, _ in rules):
            raise GoVcsError(f"{pattern[:80]!r} is there twice")
        rules.append((pattern, allowed))
    return rules


def _rule_for(rules: Sequence[tuple[str, list[str]]], module: str, *, private: bool) -> tuple[str, list[str]] | None:
    for pattern, allowed in rules:
        if pattern in (_PUBLIC, _PRIVATE):
            if (pattern == _PRIVATE) == private:
                return pattern, allowed
            continue
        try:
            if parse_pattern(pattern).matches(module):
                return pattern, allowed
        except PatternError:
            continue
    return None


def vcs_findings(env: GoEnv, around: Surroundings) -> Iterator[Finding]:
    """Judge GOVCS for the modules that go fetches from version control."""
    try:
        rules = parse_govcs(env.value("GOVCS"))
    except GoVcsError as e:
        yield wrong(
            "govcs-malformed", f"GOVCS: {without_logins(str(e))}: go fetches from no version control", "correct GOVCS"
        )
        return
    no_proxy, private = patterns_of(env.value("GONOPROXY")), patterns_of(env.value("GOPRIVATE"))
    direct = [one for one in around.modules if first_match(no_proxy, one)]
    off = []
    for module in dict.fromkeys(direct):
        rule = _rule_for(rules, module, private=first_match(private, module) is not None)
        if rule is not None and rule[1] == ["off"]:
            off.append(module)
    if off:
        yield wrong(
            "govcs-off",
            f"GOVCS={without_logins(env.value('GOVCS'))} forbids version control for {some_of(off)}, and GONOPROXY "
            "makes go fetch it from there",
            "allow git for it in GOVCS, or take it out of GONOPROXY, so that the fleet is asked",
        )


def passing_by(env: GoEnv, module: str) -> Iterator[Finding]:
    """Say what the settings mean for the module that is asked about, where go does not ask the fleet for it."""
    if not module or first_match(patterns_of(env.value("GONOPROXY")), module) is None:
        return
    name = "GOPRIVATE" if env.settings["GONOPROXY"].origin is Origin.PRIVATE else "GONOPROXY"
    yield Finding(
        "not-by-fleet",
        Weight.WORTH_A_LOOK,
        f"{name} matches {plain_text(module)}: go asks its version control, and not the fleet",
        "if the fleet has it, set GONOPROXY=none, and leave the pattern in GONOSUMDB or GOPRIVATE",
    )
    if first_match(patterns_of(env.value("GOINSECURE")), module) is not None:
        yield Finding(
            "insecure-module",
            Weight.WORTH_A_LOOK,
            f"GOINSECURE matches {plain_text(module)}: what answers under its name is believed, with any certificate "
            "or none",
            "take it out of GOINSECURE, and trust the certificate's issuer instead (SSL_CERT_FILE)",
        )
