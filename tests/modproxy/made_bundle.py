"""Bundles for tests, made from the files of a fake upstream and a fake checksum database."""

import io
from collections.abc import Iterable
from pathlib import Path

from modproxy.mod.archive import go_mod_hash
from modproxy.mod.bundle.composing import Predecessor, finish_folder, part_of_log
from modproxy.mod.bundle.manifest import BundledVersion, Standing
from modproxy.mod.bundle.writing import write_bundle
from modproxy.mod.note import open_note
from modproxy.mod.path import check_path, escape
from modproxy.mod.sumdb import Database, parse_gosumdb
from modproxy.mod.tlog import Record, parse_tree
from modproxy.mod.version import check_version
from modproxy.mod.zip_arriving import check_and_hash
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream

EXPORTED = "2026-01-02T03:04:05Z"


def database_of(sumdb: FakeSumdb) -> Database:
    """Return the database as a config names it."""
    database = parse_gosumdb(sumdb.verifier_key)
    assert database is not None
    return database


def hashes(upstream: FakeUpstream, path: str, version: str) -> tuple[str, str]:
    """Return the hashes of the zip and of the go.mod file of a made module."""
    base = f"{escape(path)}/@v/{escape(version)}"
    module = check_path(path)
    zip_hash = check_and_hash(io.BytesIO(upstream.files[f"{base}.zip"]), module, check_version(module, version))
    return zip_hash, go_mod_hash(upstream.files[f"{base}.mod"])


def record_all(upstream: FakeUpstream, sumdb: FakeSumdb, versions: Iterable[tuple[str, str]]) -> None:
    """Make the records of made modules."""
    for path, version in versions:
        sumdb.record(path, version, *hashes(upstream, path, version))
    sumdb.publish(upstream.files)


def made_bundle(
    folder: Path,
    upstream: FakeUpstream,
    sumdb: FakeSumdb | None,
    versions: Iterable[tuple[str, str]],
    *,
    mod_only: Iterable[tuple[str, str]] = (),
    standing: Standing = Standing.PRIVATE,
    after: Predecessor | None = None,
) -> bytes:
    """Make a bundle of versions. Those without a record have `standing`."""
    records, bundled = {}, []
    alone = set(mod_only)
    for path, version in [*versions, *alone]:
        module = check_path(path)
        checked = check_version(module, version)
        base = f"{escape(path)}/@v/{escape(version)}"
        for suffix in ("mod",) if (path, version) in alone else ("info", "mod", "zip"):
            (folder / base).parent.mkdir(parents=True, exist_ok=True)
            (folder / f"{base}.{suffix}").write_bytes(upstream.files[f"{base}.{suffix}"])
        number = sumdb.lookups.get(f"{escape(path)}@{escape(version)}") if sumdb else None
        if sumdb and number is not None:
            records[path, version] = Record(number, sumdb.records[number], b"")
        zip_hash, mod_hash = hashes(upstream, path, version)
        what = Standing.PUBLIC if number is not None else standing
        bundled.append(BundledVersion(module, checked, what, mod_hash, "" if (path, version) in alone else zip_hash))
    part = None
    if sumdb is not None:
        head = sumdb.head()
        database = database_of(sumdb)
        tree = parse_tree(open_note(head, database.key))
        part = part_of_log(database.id, head.decode(), tree, records.values(), after)
        for tile in part.tiles:
            path_of_tile = f"sumdb/{sumdb.name}/{tile.path}"
            (folder / path_of_tile).parent.mkdir(parents=True, exist_ok=True)
            (folder / path_of_tile).write_bytes(upstream.files[path_of_tile])
    manifest = finish_folder(folder, EXPORTED, bundled, records, part)
    out = io.BytesIO()
    write_bundle(out, manifest, lambda name: (folder / name).open("rb"))
    return out.getvalue()
