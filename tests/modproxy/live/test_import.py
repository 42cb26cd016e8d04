"""Imports of bundles into a real replica behind an air gap, and what a real go command gets from it afterwards."""

import asyncio
import contextlib
import io
import json
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from modproxy.mod.bundle.composing import Predecessor
from modproxy.mod.bundle.manifest import Standing
from modproxy.mod.bundle.reading import check_bundle
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.go_client import GoClient
from tests.modproxy.hosted_site import OPEN
from tests.modproxy.made_bundle import database_of, made_bundle, record_all
from tests.modproxy.proxy_process import ProxyProcess

A, B, OURS = "example.com/a", "example.com/Big/b", "ours.example.com/lib"
NOWHERE = "http://127.0.0.1:9"


def air_gapped(sumdb: FakeSumdb, **more: Any) -> dict[str, Any]:
    """Make the config of a replica that nobody outside answers."""
    upstream = {"goproxy": "off", "gosumdb": f"{sumdb.verifier_key} {NOWHERE}", "timeout": "1s"}
    return {"upstream": upstream, "hosted": {"modules": ["ours.example.com"]}, "access": OPEN, **more}


async def sent(proxy: ProxyProcess, bundle: bytes) -> tuple[int, list[dict[str, Any]]]:
    """Send a bundle, and return the status, and the lines of the answer."""
    url = f"{proxy.url}/-/import"
    async with proxy.session.post(url, data=bundle, timeout=aiohttp.ClientTimeout(60)) as answer:
        text = await answer.text()
        if answer.content_type != "application/x-ndjson":
            return answer.status, [{"event": "error", "reason": text}]
        return answer.status, [json.loads(line) for line in text.splitlines()]


@pytest.fixture
async def upstream() -> FakeUpstream:
    found = FakeUpstream()
    found.add(A, "v1.0.0", payload=b"package a\n\nconst A = 1\n")
    found.add(B, "v1.0.0", "v1.1.0", payload=b"package b\n\nconst B = 2\n")
    found.add(OURS, "v0.1.0", payload=b"package lib\n\nconst L = 3\n")
    return found


@pytest.fixture
def sumdb(upstream: FakeUpstream) -> FakeSumdb:
    found = FakeSumdb()
    found.pad(300)
    record_all(upstream, found, [(A, "v1.0.0"), (B, "v1.0.0")])
    return found


def files_of(proxy: ProxyProcess) -> list[str]:
    """Name all files of the depot and of the spool."""
    private = proxy.cache / ".modproxy"
    found = [path for folder in ("depot", "imports") for path in (private / folder).rglob("*") if path.is_file()]
    return sorted(str(path.relative_to(private)) for path in found if "staging" not in path.parts)


async def test_a_real_project_is_built_and_verified_behind_the_air_gap(
    tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    first = made_bundle(tmp_path / "1", upstream, sumdb, [(A, "v1.0.0"), (B, "v1.0.0"), (OURS, "v0.1.0")])
    async with ProxyProcess(tmp_path / "p", air_gapped(sumdb)) as proxy:
        status, lines = await sent(proxy, first)
        assert status == 200, lines
        assert lines[-1] == {"event": "done", "imported": 3, "same": 0, "refused": 0, "records": len(sumdb.records)}
        before = files_of(proxy)
        status, lines = await sent(proxy, first)
        assert lines[-1]["event"] == "done"
        assert (lines[-1]["imported"], lines[-1]["same"]) == (0, 3)
        assert files_of(proxy) == before
        client = GoClient(
            tmp_path / "client", f"{proxy.url},off",
            GOSUMDB=f"{sumdb.verifier_key}", GONOSUMDB="ours.example.com", GOFLAGS="-mod=mod -modcacherw",
        )  # fmt: skip
        (client.project / "go.mod").write_text("module example.com/main\n\ngo 1.21\n")
        (client.project / "main.go").write_text(
            f'package main\n\nimport (\n\ta "{A}"\n\tb "{B}"\n\tlib "{OURS}"\n)\n\n'
            "func main() { println(a.A, b.B, lib.L) }\n"
        )
        await client.succeed("mod", "tidy")
        await client.succeed("build", "./...")
        assert "v1.0.0" in (client.project / "go.sum").read_text()
        # The second bundle goes on from the first one, for clients and replicas that know the first tree head.
        checked = check_bundle_of(first, sumdb)
        sumdb.pad(400)
        record_all(upstream, sumdb, [(B, "v1.1.0")])
        alone = made_bundle(tmp_path / "alone", upstream, sumdb, [(B, "v1.1.0")])
        status, lines = await sent(proxy, alone)
        assert lines[-1]["event"] == "failed", lines
        assert "--after" in lines[-1]["reason"]
        assert files_of(proxy) == before
        second = made_bundle(tmp_path / "2", upstream, sumdb, [(B, "v1.1.0")], after=checked)
        status, lines = await sent(proxy, second)
        assert lines[-1]["event"] == "done", lines
        await client.succeed("get", f"{B}@v1.1.0")
        await client.succeed("build", "./...")
        assert (await client.succeed("list", "-m", "-versions", B)).split()[1:] == ["v1.0.0", "v1.1.0"]
        other = GoClient(tmp_path / "other", f"{proxy.url},off", GOSUMDB=sumdb.verifier_key)
        await other.succeed("mod", "init", "example.com/other")
        await other.succeed("get", f"{B}@v1.1.0")
        await other.succeed("get", f"{A}@v1.0.0")
        status, lines = await sent(proxy, first)
        assert (lines[-1]["event"], lines[-1]["imported"]) == ("done", 0), lines


def check_bundle_of(bundle: bytes, sumdb: FakeSumdb) -> Predecessor:
    """Return what the next bundle goes on from."""
    checked = check_bundle(io.BytesIO(bundle), database_of(sumdb))
    assert checked.manifest.log is not None
    assert checked.tree is not None
    return Predecessor(checked.manifest.log, checked.tree)


async def test_nothing_is_taken_of_a_bundle_that_is_refused(
    tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    bundle = made_bundle(tmp_path / "1", upstream, sumdb, [(A, "v1.0.0"), (B, "v1.0.0")])
    changed = bytearray(bundle)
    changed[bundle.index(b"PK\x03\x04") + 40] ^= 1
    other = FakeSumdb()
    other.pad(5)
    record_all(upstream, other, [(A, "v1.0.0")])
    async with ProxyProcess(tmp_path / "p", air_gapped(sumdb)) as proxy:
        before = files_of(proxy)
        for spoiled in (b"", b"nothing", bundle[:2000], bundle[:-512], bundle + b"x", bytes(changed)):
            status, lines = await sent(proxy, spoiled)
            assert status == 400 or lines[-1]["event"] == "failed", lines
            assert files_of(proxy) == before
        # Versions that nobody has proved for this fleet are refused by name, and those beside them are taken.
        status, lines = await sent(proxy, made_bundle(tmp_path / "2", upstream, other, [(A, "v1.0.0")]))
        assert [line["event"] for line in lines if line["event"] != "progress"] == ["refused", "done"]
        assert "verifies by" in lines[-2]["reason"]
        sumdb.publish(upstream.files)
        status, lines = await sent(proxy, made_bundle(tmp_path / "3", upstream, sumdb, [(B, "v1.1.0"), (A, "v1.0.0")]))
        refused = [line for line in lines if line["event"] == "refused"]
        assert [(line["module"], line["version"]) for line in refused] == [(B, "v1.1.0")]
        assert lines[-1]["imported"] == 1


async def test_an_import_that_was_killed_is_whole_or_not_there(
    tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    versions = [(f"example.com/many{number}", "v1.0.0") for number in range(60)]
    for path, version in versions:
        upstream.add(path, version)
    record_all(upstream, sumdb, versions)
    bundle = made_bundle(tmp_path / "1", upstream, sumdb, versions)
    async with ProxyProcess(tmp_path / "p", air_gapped(sumdb)) as proxy:
        sending = asyncio.create_task(sent(proxy, bundle))
        plan = proxy.cache / ".modproxy" / "imports"
        while not list(plan.glob("*.plan")) or not list((proxy.cache / ".modproxy/depot").glob("sumdb/*/tile")):
            assert not sending.done()
            await asyncio.sleep(0.001)
        await proxy.kill()
        with contextlib.suppress(aiohttp.ClientError, ValueError):
            await sending
        await proxy.start()
        while list(plan.glob("*")):
            await asyncio.sleep(0.05)
        for path, _ in versions:
            assert (await proxy.get(f"{path}/@v/v1.0.0.zip")).status == 200
        # What was not written down yet is undone.
        (plan / "0.bundle").write_bytes(bundle[:5000])
        await proxy.kill()
        await proxy.start()
        while list(plan.glob("*")):
            await asyncio.sleep(0.05)


async def test_who_may_import_where(tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb) -> None:
    bundle = made_bundle(tmp_path / "1", upstream, sumdb, [(A, "v1.0.0"), (OURS, "v0.1.0")], standing=Standing.HOSTED)
    config = air_gapped(sumdb)
    async with ProxyProcess(tmp_path / "p", {**config, "access": {"anonymous": ["read", "fetch"]}}) as proxy:
        status, lines = await sent(proxy, bundle)
        assert status == 403, lines
        proxy.write_config(access=OPEN, hosted=None)
        del config["hosted"]
    async with ProxyProcess(tmp_path / "q", config) as proxy:
        status, lines = await sent(proxy, bundle)
        assert status == 409
        assert "spec.hosted" in lines[-1]["reason"]


async def test_a_bundle_that_the_volume_cannot_take_is_refused_whole(
    tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    upstream.add("ours.example.com/big", "v1.0.0", payload=os.urandom(6 << 20))
    bundle = made_bundle(tmp_path / "1", upstream, sumdb, [("ours.example.com/big", "v1.0.0")])
    async with ProxyProcess(tmp_path / "p", air_gapped(sumdb, cache={"sizeBytes": 10 << 20})) as proxy:
        _, lines = await sent(proxy, bundle)
        assert lines[-1]["event"] == "failed" and "spec.cache.storage.size" in lines[-1]["reason"], lines
        assert not list((proxy.cache / ".modproxy" / "imports").iterdir())
        proxy.write_config(cache={"sizeBytes": 4 << 20})
        await proxy.until_report(lambda report: report.config.generation == 2)
        status, lines = await sent(proxy, bundle)
        assert status == 507, lines


async def test_a_bundle_publishes_nothing_that_exists_elsewhere(
    tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    fork = "fork.example.com/x"
    upstream.add(fork, "v1.0.0", "v1.1.0", payload=b"package x\n\nconst Evil = true\n")
    versions = [(fork, "v1.0.0"), (fork, "v1.1.0"), ("example.com/c", "v1.0.0")]
    upstream.add("example.com/c", "v1.0.0")
    bundle = made_bundle(tmp_path / "1", upstream, sumdb, versions, standing=Standing.HOSTED)
    async with FakeUpstream() as public:
        public.add(fork, "v1.0.0")
        config = air_gapped(sumdb)
        config["upstream"] |= {"goproxy": public.url, "gonosumdb": ["fork.example.com"]}
        async with ProxyProcess(tmp_path / "p", config) as proxy:
            _, lines = await sent(proxy, bundle)
            refused = {(line["module"], line["version"]) for line in lines if line["event"] == "refused"}
            assert refused == {(fork, "v1.0.0"), ("example.com/c", "v1.0.0")}
            assert lines[-1]["imported"] == 1, lines
            assert (await proxy.get(f"{fork}/@v/v1.0.0.zip")).body == public.files[f"{fork}/@v/v1.0.0.zip"]
            assert (await proxy.get(f"{fork}/@v/v1.1.0.zip")).status == 200
