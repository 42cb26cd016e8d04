"""Modules of the fleet's own, with a real replica and the real go command: published, merged, deleted, restored."""

import json
from pathlib import Path

import pytest

from tests.modproxy.fake_upstream import FakeUpstream, status
from tests.modproxy.go_client import GoClient
from tests.modproxy.hosted_site import (
    PRIVATE,
    config,
    delete,
    depot_files,
    key_of,
    publish,
    send,
    sha256,
    zip_of,
)
from tests.modproxy.module_files import go_mod
from tests.modproxy.proxy_process import ProxyProcess

LIB = f"{PRIVATE}/Lib"
PUBLIC = "example.com/pub"


async def test_a_published_module_is_built_and_its_name_is_told_to_nobody(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream:
        upstream.add(LIB, "v1.9.9", payload=b"package m\n\nconst Evil = 1\n")  # who has taken the name elsewhere
        async with ProxyProcess(tmp_path / "p", config(upstream.url)) as proxy:
            for version in ("v1.0.0", "v1.1.0", "v1.2.0-rc.1"):
                made = await publish(proxy, LIB, version, m=b"package m\n\nconst Name = `ours`\n")
                assert made.status == 201, made.text
            told = json.loads(
                (
                    await send(
                        proxy, key_of(LIB, "v1.0.0"), zip_of(LIB, "v1.0.0", m=b"package m\n\nconst Name = `ours`\n")
                    )
                ).text
            )
            assert told["checksums"]["sha256"] == sha256(zip_of(LIB, "v1.0.0", m=b"package m\n\nconst Name = `ours`\n"))
            client = GoClient(tmp_path / "client", proxy.url)
            (client.project / "go.mod").write_text("module example.com/main\n\ngo 1.21\n")
            (client.project / "main.go").write_text(
                f'package main\n\nimport m "{LIB}"\n\nfunc main() {{ println(m.Name) }}\n'
            )
            await client.succeed("mod", "tidy")
            await client.succeed("build", "./...")
            assert "v1.1.0" in (client.project / "go.mod").read_text()
            listed = await client.succeed("list", "-m", "-versions", LIB)
            assert listed.split()[1:] == ["v1.0.0", "v1.1.0", "v1.2.0-rc.1"]
            result = await client.go("get", f"{LIB}@v1.9.9")
            assert result.code != 0
            assert (await proxy.get(f"{PRIVATE}/!lib/@latest")).status == 200
            assert not [key for key in upstream.requests if key.startswith(PRIVATE)]
            assert (await proxy.get(f"sumdb/sum.golang.org/lookup/{PRIVATE}/!lib@v1.0.0")).status == 404
            assert 'modproxy_hosted_changes_total{action="publish",outcome="created"} 3.0' in await proxy.metrics()


async def test_versions_here_and_elsewhere_stand_beside_each_other(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream:
        upstream.add(PUBLIC, "v1.0.0", "v1.1.0")
        async with ProxyProcess(tmp_path / "p", config(upstream.url)) as proxy:
            base = f"{PUBLIC}/@v"
            assert (await proxy.get(f"{base}/list")).text == "v1.0.0\nv1.1.0\n"
            taken = await publish(proxy, PUBLIC, "v1.0.0")
            assert taken.status == 409 and "exists already elsewhere" in taken.text
            assert (await proxy.get(f"{base}/v1.0.1.info")).status == 404  # this absence must not last
            assert (await publish(proxy, PUBLIC, "v1.0.1")).status == 201
            assert (await proxy.get(f"{base}/v1.0.1.info")).status == 200
            assert (await proxy.get(f"{base}/list")).text == "v1.0.0\nv1.0.1\nv1.1.0\n"
            assert json.loads((await proxy.get(f"{PUBLIC}/@latest")).text)["Version"] == "v1.1.0"
            assert (await publish(proxy, PUBLIC, "v1.2.0")).status == 201
            assert json.loads((await proxy.get(f"{PUBLIC}/@latest")).text)["Version"] == "v1.2.0"
            assert (await proxy.get(f"{base}/v1.1.0.zip")).body == upstream.files[f"{base}/v1.1.0.zip"]
            assert (await delete(proxy, PUBLIC, "v1.2.0")).status == 200
            assert (await proxy.get(f"{base}/list")).text == "v1.0.0\nv1.0.1\nv1.1.0\n"
            assert json.loads((await proxy.get(f"{PUBLIC}/@latest")).text)["Version"] == "v1.1.0"
            upstream.add(PUBLIC, "v1.0.0", "v1.0.1", "v1.1.0", "v1.2.0")  # somebody takes the versions elsewhere
            assert (await proxy.get(f"{base}/v1.2.0.info")).status == 410
            assert (await proxy.get(f"{base}/v1.0.1.zip")).body == zip_of(PUBLIC, "v1.0.1")
            upstream.behaviours[f"{base}/v1.5.0.info"] = status(500)
            unknown = await publish(proxy, PUBLIC, "v1.5.0")
            assert unknown.status == 503 and "cannot be found out" in unknown.text


async def test_a_version_is_published_once_deleted_and_restored_with_the_same_bytes(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, ProxyProcess(tmp_path / "p", config(upstream.url)) as proxy:
        first, other = zip_of(LIB, "v1.0.0"), zip_of(LIB, "v1.0.0", more=b"package m\n")
        assert (await proxy.get(key_of(LIB, "v1.0.0"))).status == 404
        assert (await publish(proxy, LIB, "v1.0.0", first)).status == 201
        assert (await publish(proxy, LIB, "v1.0.0", first)).status == 200
        refused = await publish(proxy, LIB, "v1.0.0", other)
        assert refused.status == 409 and sha256(first) in refused.text and sha256(other) in refused.text
        for suffix in ("info", "mod", "zip"):
            assert (await proxy.get(key_of(LIB, "v1.0.0", suffix))).status == 200
        info = (await proxy.get(key_of(LIB, "v1.0.0", "info"))).body
        await proxy.settled()

        assert (await delete(proxy, LIB, "v1.0.0")).status == 200
        for suffix in ("info", "mod", "zip"):
            gone = await proxy.get(key_of(LIB, "v1.0.0", suffix))
            assert gone.status == 410 and "was deleted" in gone.text
        assert (await proxy.get(key_of(LIB, "list", "").rstrip("."))).status == 404
        assert (await delete(proxy, LIB, "v1.0.0")).status == 200
        assert not [key for key in depot_files(proxy) if key.startswith("hosted/")]
        refused = await publish(proxy, LIB, "v1.0.0", other)
        assert refused.status == 409 and "same bytes only" in refused.text
        early = await send(proxy, key_of(LIB, "v1.0.0", "mod"), go_mod(LIB))
        assert early.status == 409 and "was deleted" in early.text

        assert (await publish(proxy, LIB, "v1.0.0", first)).status == 201
        assert (await proxy.get(key_of(LIB, "v1.0.0"))).body == first
        assert (await proxy.get(key_of(LIB, "v1.0.0", "info"))).body == info
        assert (await proxy.get(f"{PRIVATE}/!lib/@v/list")).text == "v1.0.0\n"
        assert (await delete(proxy, LIB, "v1.0.0")).status == 200
        assert (await proxy.get(key_of(LIB, "v1.0.0"))).status == 410
        assert (await delete(proxy, LIB, "v9.0.0")).status in (400, 404)


async def test_what_is_published_outlives_the_process_and_the_cache(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream:
        first = ProxyProcess(tmp_path / "p", config(upstream.url))
        async with first as proxy:
            assert (await publish(proxy, LIB, "v1.0.0")).status == 201
            used = (await proxy.report()).storage.used_bytes
            assert used > len(zip_of(LIB, "v1.0.0"))
            await proxy.kill()
            await proxy.start()
            assert (await proxy.get(key_of(LIB, "v1.0.0"))).body == zip_of(LIB, "v1.0.0")
            # Without hosted modules nothing of it is served, and a change is no method.
            proxy.write_config(hosted=None)
            await proxy.until_report(lambda report: report.config.generation == 2)
            assert (await proxy.get(key_of(LIB, "v1.0.0"))).status == 404
            refused = await publish(proxy, LIB, "v1.0.1")
            assert refused.status == 405 and "spec.hosted" in refused.text


@pytest.mark.parametrize("escaped", [True, False])
async def test_the_requests_of_artifactorys_own_client(escaped: bool, tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, ProxyProcess(tmp_path / "p", config(upstream.url)) as proxy:
        version = await proxy.get("api/system/version")
        assert json.loads(version.text)["version"] >= "6.10.0"
        body = zip_of(LIB, "v1.0.0")
        files = {"zip": body, "mod": go_mod(LIB), "info": b'{"Version":"v1.0.0","Time":"2020-01-02T03:04:05Z"}'}
        module = f"{PRIVATE}/!lib" if escaped else LIB
        for suffix, content in files.items():
            path = f"api/go/go-local/{module}/@v/v1.0.0.{suffix};build.name=ci;go.version=v1.0.0"
            answer = await send(proxy, path, content, headers={"X-Checksum": sha256(content)})
            assert (answer.status, answer.headers["X-Checksum-Sha256"][:0]) == (201, ""), answer.text
            if suffix != "info":
                assert answer.headers["X-Checksum-Sha256"] == sha256(content)
        again = await send(proxy, f"api/go/go-local/{module}/@v/v1.0.0.zip;go.version=v1.0.0", body)
        assert again.status == 201  # it takes nothing else
        assert (await proxy.get(key_of(LIB, "v1.0.0"))).body == body
        assert "2020" not in (await proxy.get(key_of(LIB, "v1.0.0", "info"))).text
