"""What is wrong with the lists of private modules, and whose names leak. Pure."""

from collections.abc import Iterator

from goproxy_operator.go_env.finding import Finding, Surroundings, Weight, some_of, without_logins
from goproxy_operator.go_env.leaks import Leak, leaks, looks_private, patterns_of
from goproxy_operator.go_env.settings import GoEnv, Origin
from modproxy.contract.report_fields import plain_text
from modproxy.mod.dead_pattern import dead
from modproxy.mod.pattern import PatternError, first_match, parse_pattern

_PATTERN_LISTS = ("GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE")
_NO_WORD = ("none", "off")
"""What people write into a list of patterns to say that it is empty; it matches no module."""


def pattern_findings(env: GoEnv, around: Surroundings) -> Iterator[Finding]:
    """Judge the lists of patterns."""
    for name in _PATTERN_LISTS:
        if env.settings[name].origin is not Origin.PRIVATE:
            yield from _dead_patterns(name, env.value(name))
    private = patterns_of(env.value("GOPRIVATE"))
    for name in ("GONOPROXY", "GONOSUMDB"):
        if env.settings[name].origin is Origin.PRIVATE:
            continue
        listed = patterns_of(env.value(name))
        lost = [one.text for one in private if one not in listed and not first_match(listed, one.text)]
        if env.value(name) and lost:
            told = "proxies" if name == "GONOPROXY" else "the checksum database"
            yield Finding(
                "overrides-private",
                Weight.WORTH_A_LOOK,
                f"{name} overrides GOPRIVATE, and lacks {some_of(lost)}: {told} are asked about them"
                if name == "GONOPROXY"
                else f"{name} overrides GOPRIVATE, and lacks {some_of(lost)}: {told} is asked about them",
                f"add them to {name}, or unset {name}",
            )
    no_proxy = patterns_of(env.value("GONOPROXY"))
    passed = [one for one in around.hosted if first_match(no_proxy, one) or any(p.text == one for p in no_proxy)]
    if passed:
        name = (
            env.settings["GONOPROXY"].origin.value
            if env.settings["GONOPROXY"].origin is Origin.PRIVATE
            else "GONOPROXY"
        )
        yield Finding(
            "passes-by-fleet",
            Weight.WRONG,
            f"{name} makes go ask version control for {some_of(passed)}, which only the fleet has",
            "set GONOPROXY=none, and leave the patterns in GONOSUMDB or GOPRIVATE",
        )
    if env.value("GOINSECURE"):
        yield Finding(
            "insecure",
            Weight.WORTH_A_LOOK,
            f"GOINSECURE={without_logins(env.value('GOINSECURE'))}: these "
            "modules are fetched from version control without TLS or with any certificate, and unverified",
            "unset it, and trust the certificate's issuer instead (SSL_CERT_FILE)",
        )


def _dead_patterns(name: str, text: str) -> Iterator[Finding]:
    for entry in filter(None, (one.strip() for one in text.split(","))):
        if entry in _NO_WORD:
            continue
        try:
            parse_pattern(entry)
            why = dead(entry)
        except PatternError as e:
            why = str(e)
        if why:
            yield Finding(
                "dead-pattern",
                Weight.WORTH_A_LOOK,
                f"{name}: {plain_text(entry)} matches no module",
                without_logins(why),
            )


def leak_findings(env: GoEnv, around: Surroundings) -> Iterator[Finding]:
    """Judge whether names of private modules leak."""
    told = patterns_of(",".join(around.private))
    private = [one for one in around.modules if first_match(told, one) or looks_private(one)]
    private += [one for one in around.private if "*" not in one and "?" not in one and "[" not in one]
    found = leaks(
        dict.fromkeys(private),
        goproxy=env.value("GOPROXY"),
        gonoproxy=env.value("GONOPROXY"),
        gosumdb=env.value("GOSUMDB"),
        gonosumdb=env.value("GONOSUMDB"),
        fleet=around.fleet,
    )
    by_place: dict[str, list[Leak]] = {}
    for leak in found:
        by_place.setdefault(leak.to, []).append(leak)
    for place, there in by_place.items():
        modules = some_of([one.module for one in there])
        if there[0].is_database:
            yield Finding(
                "leak-to-database",
                Weight.WRONG,
                f"the checksum database {place} would be asked about {modules}",
                "add a pattern for them to GOPRIVATE or GONOSUMDB",
            )
        else:
            yield Finding(
                "leak-to-proxy",
                Weight.WRONG,
                f"{place} may be asked about {modules}",
                "add a pattern for them to GOPRIVATE or GONOPROXY, or end GOPROXY after the fleet",
            )
