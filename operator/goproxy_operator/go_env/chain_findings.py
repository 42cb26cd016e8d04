"""What is wrong with GOPROXY and GOSUMDB. Pure."""

import re
from collections.abc import Iterator, Sequence

from goproxy_operator.go_env.finding import Finding, Surroundings, Weight, without_logins
from goproxy_operator.go_env.leaks import patterns_of, same_place
from goproxy_operator.go_env.settings import GoEnv
from modproxy.mod.chain import ChainError, Entry, EntryKind, parse_chain
from modproxy.mod.sumdb import SumdbError, parse_gosumdb


def chain_findings(env: GoEnv, around: Surroundings) -> Iterator[Finding]:
    """Judge GOPROXY."""
    text = env.value("GOPROXY")
    try:
        chain = parse_chain(text)
    except ChainError as e:
        yield Finding("goproxy-malformed", Weight.WRONG, f"GOPROXY: {without_logins(str(e))}", "correct GOPROXY")
        return
    written = [part.strip() for part in re.split("[,|]", text) if part.strip()]
    if len(written) > len(chain) and "@" not in text:
        yield Finding(
            "goproxy-ignored",
            Weight.WORTH_A_LOOK,
            f"GOPROXY has entries after {chain[-1]}, which are never "
            f"asked: {without_logins(', '.join(written[len(chain) :]))}",
            f"move {chain[-1]} to the end",
        )
    if around.fleet is not None:
        yield from _fleet_in(chain, around.fleet)


def _fleet_in(chain: Sequence[Entry], fleet: str) -> Iterator[Finding]:
    at = next((i for i, one in enumerate(chain) if same_place(one.url, fleet)), None)
    want = f"GOPROXY={fleet},direct"
    if chain[0].kind is EntryKind.OFF:
        yield Finding("goproxy-off", Weight.WRONG, "GOPROXY=off: the go command fetches nothing at all", f"set {want}")
    elif chain[0].kind is EntryKind.DIRECT:
        yield Finding(
            "goproxy-direct", Weight.WRONG, "GOPROXY begins with direct: the go command asks no proxy", f"set {want}"
        )
    elif at is None:
        yield Finding("fleet-missing", Weight.WRONG, f"GOPROXY does not name the fleet {fleet}", f"set {want}")
    else:
        if at > 0:
            yield Finding(
                "fleet-not-first",
                Weight.WORTH_A_LOOK,
                f"GOPROXY asks {chain[0]} before the fleet, which learns every name first",
                "put the fleet first",
            )
        yield from _after_fleet(chain[at], chain[at + 1 :])


def _after_fleet(fleet: Entry, rest: Sequence[Entry]) -> Iterator[Finding]:
    if not rest or rest[0].kind is EntryKind.OFF:
        return
    if fleet.fall_back_on_error:
        yield Finding(
            "falls-back-on-error",
            Weight.WORTH_A_LOOK,
            f"`|` after the fleet: when it is down, or refuses a module (403), go asks {rest[0]} for the same module, "
            "which passes by the fleet's rules and tells its name there",
            "write a comma, after which only 404 and 410 lead on; or keep `|`, and name private modules in GOPRIVATE",
        )
    else:
        yield Finding(
            "no-fall-back-on-error",
            Weight.NOTE,
            f"a comma after the fleet: {rest[0]} is asked after 404 "
            "and 410 only, and a fleet that answers 5xx or not at all ends the build",
            "write `|` where a build has to go on without the fleet",
        )


def database_findings(env: GoEnv) -> Iterator[Finding]:
    """Judge GOSUMDB."""
    text = env.value("GOSUMDB")
    if text == "off":
        yield Finding(
            "sumdb-off",
            Weight.WORTH_A_LOOK,
            "GOSUMDB=off: new lines of go.sum are verified by nobody",
            "`go env -u GOSUMDB`, and name private modules in GONOSUMDB",
        )
    elif text:
        try:
            parse_gosumdb(text)
        except SumdbError as e:
            yield Finding("sumdb-malformed", Weight.WRONG, f"GOSUMDB: {without_logins(str(e))}", "correct GOSUMDB")
    if any(one.text == "*" for one in patterns_of(env.value("GONOSUMDB"))):
        yield Finding(
            "sumdb-for-nothing",
            Weight.WORTH_A_LOOK,
            "GONOSUMDB or GOPRIVATE is *: no module is verified",
            "name private modules only",
        )
