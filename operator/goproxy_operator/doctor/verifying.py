"""Compares the checksums of a version: go.sum, the fleet's go.mod file and zip, and the checksum database."""

import asyncio
import io
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

from goproxy_operator.doctor.asked import Asked
from goproxy_operator.doctor.checksums import Sums, compare
from goproxy_operator.doctor.diagnosis import judge
from goproxy_operator.doctor.examining import Way, examine
from goproxy_operator.doctor.hop import Hop
from goproxy_operator.go_env.finding import Finding, Weight, wrong
from goproxy_operator.go_env.leaks import patterns_of
from goproxy_operator.go_env.settings import GoEnv
from goproxy_operator.go_env.toolchain import MODULE as TOOLCHAIN
from modproxy.contract.report_fields import plain_text
from modproxy.mod.archive import ArchiveError, check_carefully, go_mod_hash
from modproxy.mod.go_sum import GoSumError, parse_go_sum
from modproxy.mod.note import NoteError, open_note
from modproxy.mod.path import ModulePath, escape
from modproxy.mod.pattern import first_match
from modproxy.mod.sumdb import Database, SumdbError, hashes_of, parse_gosumdb
from modproxy.mod.tlog import LogError, parse_record
from modproxy.mod.version import Version

DATABASE = "checksum database"
ZIP = "zip of the fleet"
LARGEST_ZIP = 64 << 20
"""Bytes of a zip that is fetched to hash it, in memory: nearly all modules are smaller, and a ticket is not delayed."""
_LARGEST_GO_SUM = 8 << 20


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a fleet, and under which settings."""

    fleet: str
    asked: Asked
    env: GoEnv
    way: Way
    folder: Path
    """It may have a go.sum file."""
    with_zip: bool = True


async def verify(question: Question, go_mod: bytes) -> tuple[list[Hop], list[Finding]]:
    """Ask the database as go does, and compare what each side says. `go_mod` is what the fleet has served, if any."""
    asked, hops, findings = question.asked, list[Hop](), list[Finding]()
    is_version = asked.is_version and bool(go_mod)
    sums = Sums(asked.module, asked.version)
    if is_version:
        sums = replace(await asyncio.to_thread(_go_sum, question.folder, sums), fleet_mod=go_mod_hash(go_mod))
    database = None
    with suppress(SumdbError):
        database = parse_gosumdb(question.env.value("GOSUMDB") or "off")
    exempt = asked.module and first_match(patterns_of(question.env.value("GONOSUMDB")), asked.module) is not None
    if database is not None and (not exempt or asked.module == TOOLCHAIN):
        hop, body = await _ask_database(question, database, is_version=is_version)
        hops.append(hop)
        if hop.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) and is_version and hop.fault is None:
            text = f"the checksum database {database.name} does not know {asked}, and go refuses it"
            findings.append(wrong("not-in-database", text, "a private module belongs into GONOSUMDB or GOPRIVATE"))
        else:
            findings += judge(hop, asked)
        if hop.status == HTTPStatus.OK and hop.fault is None:
            sums, signed = _recorded(sums, body, database, is_version=is_version)
            findings += signed
    if is_version and question.with_zip and (sums.database_zip or sums.go_sum_zip):
        hop, sums, found = await _hash_zip(question, sums)
        hops.append(hop)
        findings += found
    return hops, [*findings, *compare(sums)]


async def _ask_database(question: Question, database: Database, *, is_version: bool) -> tuple[Hop, bytes]:
    """Ask through the fleet where it says so, else the database itself."""
    asked, way = question.asked, question.way
    lookup = f"lookup/{escape(asked.module)}@{escape(asked.version)}" if is_version else "latest"
    base, asking = (database.url or f"https://{database.name}").rstrip("/"), replace(way, authorization=None)
    if not database.explicit:  # else go asks no proxy for it
        through = f"{question.fleet}/sumdb/{database.name}"
        hop, _ = await examine(DATABASE, f"{through}/supported", way)
        if hop.status == HTTPStatus.OK and hop.fault is None:
            base, asking = through, way
    return await examine(DATABASE, f"{base}/{lookup}", asking)


def _recorded(sums: Sums, body: bytes, database: Database, *, is_version: bool) -> tuple[Sums, list[Finding]]:
    """Read what the database says, and verify its signature by the key of GOSUMDB."""
    try:
        record = parse_record(body) if is_version else None
        open_note(record.tree_note if record is not None else body, database.key)
    except (LogError, NoteError) as e:
        return sums, [
            wrong(
                "database-signature",
                f"the checksum database's answer is not signed by the key of {database.name}: {plain_text(str(e))}",
                "believe none of it: somebody on the way changes answers, or GOSUMDB names another database",
            )
        ]
    if record is None:
        return sums, []
    with suppress(SumdbError, ValueError):
        hashes = hashes_of(record.text, ModulePath(sums.module), Version(sums.version))
        zip_hash, mod_hash = hashes.get(sums.version, ""), hashes.get(f"{sums.version}/go.mod", "")
        return replace(sums, database_zip=zip_hash, database_mod=mod_hash), []
    return sums, []


async def _hash_zip(question: Question, sums: Sums) -> tuple[Hop, Sums, list[Finding]]:
    asked = question.asked
    url = f"{question.fleet}/{escape(asked.module)}/@v/{escape(asked.version)}.zip"
    hop, body = await examine(ZIP, url, replace(question.way, largest=LARGEST_ZIP))
    if hop.fault is not None or hop.status != HTTPStatus.OK:
        return hop, sums, judge(hop, asked)
    if len(body) >= LARGEST_ZIP:
        text = f"the zip has more than {LARGEST_ZIP >> 20} MiB: its checksum is not compared"
        return hop, sums, [Finding("zip-not-compared", Weight.NOTE, text, f"`go mod download {asked}` compares it")]
    try:
        hashed = await asyncio.to_thread(
            check_carefully, io.BytesIO(body), ModulePath(asked.module), Version(asked.version)
        )
    except ArchiveError as e:
        return (
            hop,
            sums,
            [
                wrong(
                    "zip-malformed",
                    f"the zip that the fleet serves for {asked} is none that go takes: {plain_text(str(e))}",
                    "tell the keepers of the fleet, who delete the version from the cache and look at its upstream",
                )
            ],
        )
    return hop, replace(sums, fleet_zip=hashed), judge(hop, asked)


def _go_sum(folder: Path, sums: Sums) -> Sums:
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
            if (one.path, one.version) == (sums.module, sums.version):
                return replace(sums, go_sum_zip=one.zip_hash, go_sum_mod=one.mod_hash)
        break
    return sums
