"""From one real fleet into another: all that it holds, also what is hosted there."""

import asyncio
import sys
from pathlib import Path

from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.hosted_site import OPEN, publish
from tests.modproxy.made_bundle import record_all
from tests.modproxy.proxy_process import ProxyProcess


async def bundle(*arguments: object) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "goproxy_operator", "bundle", *map(str, arguments),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out = (await process.communicate())[0].decode()
    assert process.returncode == 0, out
    return out


async def test_all_of_a_fleet_goes_into_another_one(tmp_path: Path) -> None:
    sumdb = FakeSumdb()
    hosted = {"hosted": {"modules": ["ours.example.com"]}, "access": OPEN}
    async with FakeUpstream() as upstream:
        upstream.add("example.com/a", "v1.0.0")
        sumdb.pad(300)
        record_all(upstream, sumdb, [("example.com/a", "v1.0.0")])
        config = {"upstream": {"goproxy": upstream.url, "gosumdb": sumdb.verifier_key, "timeout": "2s"}, **hosted}
        async with ProxyProcess(tmp_path / "p", config) as proxy:
            assert (await publish(proxy, "ours.example.com/lib", "v0.1.0")).status == 201
            for suffix in ("info", "mod", "zip"):
                assert (await proxy.get(f"example.com/a/@v/v1.0.0.{suffix}")).status == 200
            await proxy.settled()
            told = (await proxy.get("-/held")).text
            assert '"hosted": true' in told
            assert (await proxy.get("-/held?since=2100-01-01T00:00:00%2B00:00")).text.count("\n") == 1
            assert (await proxy.get("-/held?since=x")).status == 400
            out = tmp_path / "x.bundle"
            await bundle("export", "--from", proxy.url, "--all", "--sumdb", sumdb.verifier_key, "-o", out)
    inside = {"upstream": {"goproxy": "off", "gosumdb": f"{sumdb.verifier_key} http://127.0.0.1:9"}, **hosted}
    async with ProxyProcess(tmp_path / "q", inside) as proxy:
        said = await bundle("import", out, "--to", proxy.url, "--sumdb", sumdb.verifier_key)
        assert "2 versions are new" in said
        for path in ("ours.example.com/lib/@v/v0.1.0", "example.com/a/@v/v1.0.0"):
            assert (await proxy.get(f"{path}.zip")).status == 200
        assert "0 versions are new" in await bundle("import", out, "--to", proxy.url)


async def test_what_is_held_is_told_to_few_clients_at_once(tmp_path: Path) -> None:
    config = {"upstream": {"goproxy": "off", "gosumdb": "off"}, "access": OPEN}
    async with ProxyProcess(tmp_path, config) as proxy:
        found = [one.status for one in await asyncio.gather(*(proxy.get("-/held") for _ in range(30)))]
        assert set(found) == {200, 429}
        assert (await proxy.get("-/held")).status == 200
