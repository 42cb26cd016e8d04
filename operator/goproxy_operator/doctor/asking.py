"""Walks the way of a request: the fleet, its rules for the module, the checksum database, and compares checksums."""

import argparse
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from pydantic import ValidationError

from goproxy_operator.client.arguments import FleetUrl
from goproxy_operator.client.credential import authorization
from goproxy_operator.client.failure import ClientError, UsageError
from goproxy_operator.doctor.checksums import Sums, compare
from goproxy_operator.doctor.diagnosis import Asked, judge
from goproxy_operator.doctor.examining import Way, examine
from goproxy_operator.doctor.hop import Hop
from goproxy_operator.go_env.finding import Finding, Weight
from goproxy_operator.go_env.leaks import patterns_of
from goproxy_operator.go_env.settings import GoEnv
from modproxy.contract.report import plain_text
from modproxy.contract.why import Decision, Why
from modproxy.mod.archive import go_mod_hash
from modproxy.mod.go_sum import GoSumError, parse_go_sum
from modproxy.mod.path import ModulePath, PathError, check_path, escape
from modproxy.mod.pattern import first_match
from modproxy.mod.sumdb import Database, SumdbError, hashes_of, parse_gosumdb
from modproxy.mod.version import Version

FLEET = "fleet"
DATABASE = "checksum database"
_LATEST = "latest"
_LARGEST_GO_SUM = 8 << 20


@dataclass(slots=True)
class Walk:
    """What was met on the way."""

    hops: list[Hop] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    why: Why | None = None
    wants_login: bool = False


async def walk(fleet: FleetUrl, asked: Asked, env: GoEnv, way: Way, *, token_file: Path | None, folder: Path) -> Walk:
    """Ask a fleet as the go command would, and what go asks beside it. `folder` may have a go.sum file."""
    told = Walk()
    credential, trouble = _credential(fleet, env, token_file)
    told.findings += trouble
    asking = replace(way, authorization=credential)
    base = _module_url(fleet.url, asked.module) if asked.module else ""
    hop, body = await examine(FLEET, f"{base}/@v/{_file(asked)}" if base else f"{fleet.url}/", asking)
    if asked.version == _LATEST:
        hop, body = await examine(FLEET, f"{base}/@latest", asking)
    told.hops.append(hop)
    told.wants_login = hop.status == HTTPStatus.UNAUTHORIZED
    found = judge(hop, asked)
    if asked.module and hop.status is not None and hop.fault is None:
        told.why = await _why(fleet.url, asked, asking)
        found = _with_rule(found, told.why)
    told.findings += found
    if hop.fault is None:
        go_mod = body if hop.status == HTTPStatus.OK else b""
        await _database(told, _Question(fleet.url, asked, env, asking, folder), go_mod)
    return told


def _credential(fleet: FleetUrl, env: GoEnv, token_file: Path | None) -> tuple[str | None, list[Finding]]:
    """Return the credential that go would send: none over plain http, and none with GOAUTH=off."""
    if token_file is None and (urlsplit(fleet.url).scheme != "https" or env.value("GOAUTH") == "off"):
        return None, []
    try:
        return authorization(fleet.url, fleet.login, token_file), []
    except UsageError:
        raise
    except ClientError as e:
        return None, [Finding("bad-credential", Weight.WRONG, plain_text(str(e)), "`goproxy-operator login URL`")]


def _module_url(base: str, module: str) -> str:
    try:
        return f"{base}/{escape(check_path(module))}"
    except PathError as e:
        raise UsageError(f"{module!r} is no module: {e}") from None


def _file(asked: Asked) -> str:
    return f"{escape(asked.version)}.mod" if asked.version and asked.version != _LATEST else "list"


async def _why(url: str, asked: Asked, way: Way) -> Why | None:
    query = {"module": asked.module} | ({"version": asked.version} if asked.version else {})
    hop, body = await examine(FLEET, f"{url}/-/why?{urlencode(query)}", way)
    if hop.status != HTTPStatus.OK or hop.fault is not None:
        return None
    with suppress(ValidationError):
        return Why.model_validate_json(body)
    return None


def _with_rule(found: list[Finding], why: Why | None) -> list[Finding]:
    """Let the finding of a refusal name the rule."""
    if why is None or why.decision is not Decision.REFUSED:
        return found
    first = why.text.strip().split("\n")[0] if why.text else ""
    text = plain_text(f"the fleet refuses {why.module} for {why.principal}, by {why.by or 'a rule'}: {first}")
    remedy = f"`goproxy-operator why {plain_text(why.module)}` has all rules, and whom to ask"
    refused = Finding("forbidden", Weight.WRONG, text, remedy)
    return [refused, *(one for one in found if one.code != "forbidden")]


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of a fleet, and under which settings."""

    fleet: str
    asked: Asked
    env: GoEnv
    way: Way
    folder: Path


async def _database(told: Walk, question: _Question, go_mod: bytes) -> None:
    """Ask the checksum database the way that go does: through the fleet where it says so, else itself."""
    asked, env, way, fleet = question.asked, question.env, question.way, question.fleet
    database = None
    with suppress(SumdbError):
        database = parse_gosumdb(env.value("GOSUMDB") or "off")
    exempt = bool(asked.module) and first_match(patterns_of(env.value("GONOSUMDB")), asked.module) is not None
    is_version = bool(asked.version) and asked.version != _LATEST and bool(go_mod)
    sums = _go_sum(question.folder, asked) if is_version else Sums(asked.module, asked.version)
    if is_version:
        sums = replace(sums, fleet_mod=go_mod_hash(go_mod))
    if database is not None and not exempt:
        lookup = f"lookup/{escape(asked.module)}@{escape(asked.version)}" if is_version else "latest"
        base, asking = await _database_url(fleet, database, way)
        hop, body = await examine(DATABASE, f"{base}/{lookup}", asking)
        told.hops.append(hop)
        if hop.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) and is_version:
            told.findings.append(Finding(
                "not-in-database", Weight.WRONG, f"the checksum database {database.name} does not know {asked}, and go "
                "refuses it", "a private module belongs into GONOSUMDB or GOPRIVATE"
            ))  # fmt: skip
        else:
            told.findings += judge(hop, asked)
        if hop.status == HTTPStatus.OK and hop.fault is None and is_version:
            sums = _recorded(sums, body, asked)
    told.findings += compare(sums)


async def _database_url(fleet: str, database: Database, way: Way) -> tuple[str, Way]:
    own = (database.url or f"https://{database.name}").rstrip("/")
    if database.explicit:  # then go asks no proxy for it
        return own, replace(way, authorization=None)
    through = f"{fleet}/sumdb/{database.name}"
    hop, _ = await examine(DATABASE, f"{through}/supported", way)
    if hop.status == HTTPStatus.OK and hop.fault is None:
        return through, way
    return own, replace(way, authorization=None)


def _recorded(sums: Sums, body: bytes, asked: Asked) -> Sums:
    # The record stands between its number and the signed head, with an empty line after it.
    record = body.partition(b"\n")[2].partition(b"\n\n")[0] + b"\n"
    try:
        hashes = hashes_of(record, ModulePath(asked.module), Version(asked.version))
    except (SumdbError, ValueError):
        return sums
    zip_hash, mod_hash = hashes.get(asked.version, ""), hashes.get(f"{asked.version}/go.mod", "")
    return replace(sums, database_zip=zip_hash, database_mod=mod_hash)


def _go_sum(folder: Path, asked: Asked) -> Sums:
    sums = Sums(asked.module, asked.version)
    for place in (folder, *folder.parents):
        try:
            with (place / "go.sum").open("rb") as file:
                text = file.read(_LARGEST_GO_SUM).decode(errors="replace")
            listed = parse_go_sum(text)
        except (OSError, GoSumError):
            if (place / "go.mod").exists():
                break
            continue
        for one in listed:
            if (one.path, one.version) == (asked.module, asked.version):
                return replace(sums, go_sum_zip=one.zip_hash, go_sum_mod=one.mod_hash)
        break
    return sums


def question(text: str) -> Asked:
    """Read MODULE or MODULE@VERSION, for argparse."""
    module, at, version = text.partition("@")
    if not module or (at and not version) or len(text) > 1024 or not text.isprintable() or " " in text or "://" in text:
        raise argparse.ArgumentTypeError(f"{plain_text(text[:80])} is no module: write MODULE or MODULE@VERSION")
    try:
        check_path(module)
    except PathError as e:
        raise argparse.ArgumentTypeError(str(e)) from None
    return Asked(module, version)
