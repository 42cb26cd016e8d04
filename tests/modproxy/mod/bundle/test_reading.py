import io
import tarfile
from pathlib import Path

import pytest

from modproxy.mod.bundle.archive_format import BLOCK, BundleError, header, padding
from modproxy.mod.bundle.composing import Predecessor
from modproxy.mod.bundle.manifest import MANIFEST
from modproxy.mod.bundle.reading import check_bundle
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.made_bundle import database_of, made_bundle, record_all

LONG = "example.com/" + "/".join(f"element{number:02d}" for number in range(30))
PUBLIC = [("example.com/a", "v1.0.0"), ("example.com/A/b/v2", "v2.3.4-pre.1"), (LONG, "v0.1.0")]
PRIVATE = [("corp.example.com/p", "v1.0.0")]
MOD_ONLY = [("example.com/only", "v0.0.0-20240102030405-abcdefabcdef")]


@pytest.fixture
async def upstream() -> FakeUpstream:
    found = FakeUpstream()
    for path, version in [*PUBLIC, *PRIVATE, *MOD_ONLY]:
        found.add(path, version)
    return found


@pytest.fixture
def sumdb(upstream: FakeUpstream) -> FakeSumdb:
    found = FakeSumdb()
    found.pad(300)
    record_all(upstream, found, [*PUBLIC, *MOD_ONLY])
    found.pad(500)
    found.publish(upstream.files)
    return found


@pytest.fixture
def bundle(tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb) -> bytes:
    return made_bundle(tmp_path, upstream, sumdb, [*PUBLIC, *PRIVATE], mod_only=MOD_ONLY)


def test_a_bundle_is_what_it_says(bundle: bytes, sumdb: FakeSumdb) -> None:
    checked = check_bundle(io.BytesIO(bundle), database_of(sumdb))
    assert checked.tree is not None
    assert checked.tree.size == len(sumdb.records)
    assert {str(v) for v in checked.manifest.versions} == {f"{p}@{v}" for p, v in [*PUBLIC, *PRIVATE, *MOD_ONLY]}
    assert checked.read(io.BytesIO(bundle), "example.com/a/@v/list") == b"v1.0.0\n"


def test_any_tar_unpacks_it_as_a_tree_of_a_module_proxy(bundle: bytes, upstream: FakeUpstream) -> None:
    with tarfile.open(fileobj=io.BytesIO(bundle)) as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None
            assert member.isreg()
            if member.name.endswith((".zip", ".mod", ".info")):
                assert content.read() == upstream.files[member.name]


def test_the_same_content_gives_the_same_bytes(
    bundle: bytes, tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    again = made_bundle(tmp_path / "again", upstream, sumdb, [*reversed(PUBLIC), *PRIVATE], mod_only=MOD_ONLY)
    assert again == bundle


def test_a_bundle_that_is_cut_is_refused(bundle: bytes, sumdb: FakeSumdb) -> None:
    database = database_of(sumdb)
    whole = len(bundle)
    for size in {*range(0, whole, 379), *range(0, whole, BLOCK), *range(whole - 2000, whole, 7)}:
        with pytest.raises(BundleError):
            check_bundle(io.BytesIO(bundle[:size]), database)
    with pytest.raises(BundleError, match="behind the end"):
        check_bundle(io.BytesIO(bundle + b"\0"), database)


def test_each_changed_byte_is_noticed(bundle: bytes, sumdb: FakeSumdb) -> None:
    database = database_of(sumdb)
    for at in {*range(0, len(bundle), 211), *range(700), *range(len(bundle) - 1100, len(bundle), 3)}:
        changed = bytearray(bundle)
        changed[at] ^= 0x10
        with pytest.raises(BundleError):
            check_bundle(io.BytesIO(changed), database)


def _entries(bundle: bytes) -> list[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(bundle)) as archive:
        return [(m.name, content.read()) for m in archive if (content := archive.extractfile(m)) is not None]


def _packed(entries: list[tuple[str, bytes]]) -> bytes:
    return b"".join(header(n, len(b)) + b + padding(len(b)) for n, b in entries) + bytes(2 * BLOCK)


def test_entries_that_the_manifest_does_not_name_are_refused(bundle: bytes, sumdb: FakeSumdb) -> None:
    entries, database = _entries(bundle), database_of(sumdb)
    assert _packed(entries) == bundle
    spoiled = {
        "extra": [*entries, ("zz.example.com/m/@v/v1.0.0.mod", b"module zz.example.com/m\n")],
        "twice": [*entries[:4], entries[3], *entries[4:]],
        "less": [*entries[:4], *entries[5:]],
        "order": [entries[0], *reversed(entries[1:])],
        "no manifest": entries[1:],
        "absolute": [*entries, ("/etc/passwd", b"")],
        "upwards": [*entries, ("../x", b"")],
    }
    for name, found in spoiled.items():
        with pytest.raises(BundleError):
            check_bundle(io.BytesIO(_packed(found)), database)
            pytest.fail(name)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE, b"S"])
def test_only_regular_files_are_taken(bundle: bytes, sumdb: FakeSumdb, kind: bytes) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, body in _entries(bundle):
            member = tarfile.TarInfo(name if len(name) < 100 else "short")
            member.size = len(body)
            if name != MANIFEST:
                member.type, member.linkname, member.size = kind, "/etc/passwd", 0
            archive.addfile(member, io.BytesIO(body))
    with pytest.raises(BundleError):
        check_bundle(io.BytesIO(out.getvalue()), database_of(sumdb))


def test_a_size_that_a_header_only_claims_costs_nothing(sumdb: FakeSumdb) -> None:
    with pytest.raises(BundleError):
        check_bundle(io.BytesIO(header(MANIFEST, 7 << 30)), database_of(sumdb))


def test_another_key_of_the_database_proves_nothing(bundle: bytes) -> None:
    assert check_bundle(io.BytesIO(bundle), database_of(FakeSumdb())).tree is None


def test_a_false_record_is_refused(tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb) -> None:
    honest = sumdb.records[300]
    sumdb.records[300] = honest.replace(b"h1:", b"h1:x")
    with pytest.raises(BundleError, match="SECURITY"):
        check_bundle(io.BytesIO(made_bundle(tmp_path, upstream, sumdb, PUBLIC)), database_of(sumdb))


def test_a_record_of_another_log_is_refused(tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb) -> None:
    sumdb.records[310] = b"example.com/other v1.0.0 h1:x\n"
    with pytest.raises(BundleError, match="not a part of the signed tree"):
        check_bundle(io.BytesIO(made_bundle(tmp_path, upstream, sumdb, PUBLIC)), database_of(sumdb))


def test_an_increment_goes_on_from_the_bundle_before(
    bundle: bytes, tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    first = check_bundle(io.BytesIO(bundle), database_of(sumdb))
    assert first.tree is not None
    assert first.manifest.log is not None
    upstream.add("example.com/new", "v1.0.0")
    record_all(upstream, sumdb, [("example.com/new", "v1.0.0")])
    after = Predecessor(first.manifest.log, first.tree)
    second = made_bundle(tmp_path / "2", upstream, sumdb, [("example.com/new", "v1.0.0")], after=after)
    checked = check_bundle(io.BytesIO(second), database_of(sumdb))
    assert checked.manifest.log is not None
    assert checked.manifest.log.before == (first.tree.size,)
    assert set(checked.manifest.log.tiles) > set(first.manifest.log.tiles)
