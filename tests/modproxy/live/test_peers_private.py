"""Private modules, and clients that may read only, in a fleet of peers."""

import asyncio
from pathlib import Path

from tests.modproxy.fake_upstream import FakeUpstream, status
from tests.modproxy.git_host import HOST, Egress, GitHost
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.replica_fleet import Fleet

M = f"{HOST}/lib"


async def asked_outside(replica: ProxyProcess) -> float:
    """Return how often a replica has asked version control or an upstream."""
    lines = (await replica.metrics()).splitlines()
    asked = [line for line in lines if line.startswith(("modproxy_upstream_requests", "modproxy_upstream_errors"))]
    return sum(float(line.rpartition(" ")[2]) for line in asked)


async def test_a_private_module_is_cloned_once(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with GitHost(tmp_path / "git") as git, Egress({HOST: git.port}) as egress:
        secrets = tmp_path / "secrets"
        (secrets / "corp-ca").mkdir(parents=True)
        (secrets / "corp-ca" / "ca.crt").write_bytes(git.ca_file.read_bytes())
        git.open_to_all = True
        git.commit("lib", {"go.mod": f"module {M}\n\ngo 1.21\n", "lib.go": "package lib\n"}, "v1.0.0")
        config = {
            "secretsDir": str(secrets),
            "upstream": {
                "goproxy": f"{upstream.url},direct", "gosumdb": "off", "goprivate": [HOST],
                "trustedCASecretName": "corp-ca", "directTimeout": "60s",
                "httpProxy": {"url": egress.url, "noProxy": ["127.0.0.1"]},
            },
        }  # fmt: skip
        keys = [f"{M}/@v/list", *(f"{M}/@v/v1.0.0.{kind}" for kind in ("info", "mod", "zip"))]
        async with Fleet(tmp_path / "fleet", config) as fleet:
            owner = fleet.owner(keys[0])
            replies = await asyncio.gather(*(replica.get(key) for key in keys for replica in fleet.replicas * 3))
            assert {reply.status for reply in replies} == {200}
            again = await asyncio.gather(*(replica.get(key) for key in keys for replica in fleet.replicas))
            assert {reply.status for reply in again} == {200}
            held = [await replica.held() for replica in fleet.replicas]
            assert held == [sorted([*keys, f"{M}/@v/v1.0.0.ziphash"])] * 3
            fetched = [await asked_outside(replica) for replica in fleet.replicas]
            assert [number for number, count in enumerate(fetched) if count] == [owner], fetched
    assert not upstream.requests


async def test_who_may_only_read_gets_what_the_fleet_holds(upstream: FakeUpstream, tmp_path: Path) -> None:
    key, absent = "example.com/!mixed/@v/v1.0.0.zip", "example.com/!mixed/@v/v1.1.0.zip"
    async with Fleet(tmp_path, {"upstream": {"goproxy": upstream.url}}) as fleet:
        owner = fleet.owner(key)
        holder, other = (fleet.replicas[number] for number in range(3) if number != owner)
        assert (await holder.get(key)).body == upstream.files[key]
        upstream.requests.clear()
        # A later config lets everybody read, and nobody fetch.
        for replica in fleet.replicas:
            replica.write_config(access={"anonymous": ["read"]})
            await replica.until_report(lambda report: report.config.generation == 2)
        assert (await other.get(key)).body == upstream.files[key]
        assert (await other.get(absent)).status in (401, 403)
        flagged = await fleet.replicas[owner].get(absent, Disable_Module_Fetch="true")
        assert flagged.status == 404
    assert not upstream.requests


async def test_what_a_via_header_has_brought_about_is_kept_by_no_replica(tmp_path: Path) -> None:
    """A client can make the first upstream see a loop, so that a later one is asked, which may know less."""
    async with FakeUpstream() as looping, FakeUpstream() as later:
        later.add("example.com/m", "v1.0.0")
        keys = [f"example.com/m/@v/v1.0.0.{kind}" for kind in ("mod", "zip")]
        for key in keys:
            looping.behaviours[key] = status(508)
        config = {"upstream": {"goproxy": f"{looping.url}|{later.url}", "gosumdb": "off"}}
        async with Fleet(tmp_path, config, 2) as fleet:
            other = fleet.replicas[1 - fleet.owner(keys[0])]
            for key in keys:
                for _ in range(2):
                    reply = await other.get(key, Via="1.1 modproxy-elsewhere~1")
                    assert (reply.status, reply.body) == (200, later.files[key])
                assert later.requests[key] == 2
                assert not any((replica.cache / key).exists() for replica in fleet.replicas)
