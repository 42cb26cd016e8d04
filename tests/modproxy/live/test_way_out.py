"""What a replica sends where, and what its clients are told of it: redirects, logins, the machine's own settings."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.modproxy.fake_upstream import FakeUpstream, status
from tests.modproxy.git_host import HOST, Egress, GitHost
from tests.modproxy.go_client import GoClient
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.raw_server import RawServer, ok, redirect
from tests.modproxy.tls_upstream import TlsUpstream

M = "example.com/!mixed/@v"
MOD, LIST = f"{M}/v1.0.0.mod", f"{M}/list"


def config(**upstream: Any) -> dict[str, Any]:
    return {"upstream": {"gosumdb": "off", "timeout": "5s", **upstream}}


async def test_a_signed_redirect(upstream: FakeUpstream, tmp_path: Path) -> None:
    signed = "/b%2Fucket/%40v/x?X-Sig=a%2Fb%40c%21&X-Date=2024%2B"
    async with RawServer(ok(upstream.files[MOD])) as cdn:
        upstream.behaviours[MOD] = status(302, headers={"Location": f"http://127.0.0.1:{cdn.port}{signed}"})
        async with ProxyProcess(tmp_path / "fleet", config(goproxy=upstream.url)) as proxy:
            assert (await proxy.get(MOD)).body == upstream.files[MOD]
    assert cdn.request_lines == [f"GET {signed} HTTP/1.1"]


async def test_what_a_redirect_s_host_says_is_shown_to_nobody(upstream: FakeUpstream, tmp_path: Path) -> None:
    said = b"metadata: SECRET"
    answer = b"HTTP/1.1 403 No\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)
    async with RawServer(answer) as inner, ProxyProcess(tmp_path / "fleet", config(goproxy=upstream.url)) as proxy:
        upstream.behaviours[MOD] = status(302, headers={"Location": f"http://127.0.0.1:{inner.port}/path?token=TOKEN"})
        reply = await proxy.get(MOD)
        assert reply.status == 403
        assert f"upstream {upstream.url} redirects to 127.0.0.1:{inner.port}, which answered 403" in reply.text
        for secret in ("SECRET", "TOKEN", "/path"):
            assert secret not in reply.text + proxy.log()


async def test_a_redirect_to_a_host_that_hangs_delays_no_other(upstream: FakeUpstream, tmp_path: Path) -> None:
    hung = socket.create_server(("127.0.0.1", 0), backlog=1000)
    async with ProxyProcess(tmp_path / "fleet", config(goproxy=upstream.url, timeout="30s")) as proxy:
        waiting = []
        for number in range(300):
            key = f"example.com/m{number}/@v/list"
            upstream.behaviours[key] = status(
                302, headers={"Location": f"http://127.0.0.1:{hung.getsockname()[1]}/{number}"}
            )
            waiting.append(asyncio.create_task(proxy.get(key)))
        async with asyncio.timeout(20):
            while len(upstream.requests) < 300:
                await asyncio.sleep(0.02)
            async with RawServer(ok(upstream.files[MOD])) as cdn:
                upstream.behaviours[MOD] = status(302, headers={"Location": f"http://127.0.0.1:{cdn.port}/x"})
                assert (await proxy.get(MOD)).status == 200
            assert (await proxy.get(LIST)).status == 200
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
    hung.close()


async def test_the_login_of_the_machine_s_goproxy_is_shown_nowhere(upstream: FakeUpstream, tmp_path: Path) -> None:
    env = {"GOPROXY": upstream.url.replace("://", "://robot:hunter2@")}
    async with ProxyProcess(tmp_path / "fleet", config(), env) as proxy:
        reply = await proxy.get(MOD)
        assert (reply.status, "is not https" in reply.text) == (502, True)
        warnings = (await proxy.report()).config.warnings
        assert any("has a login and is not https" in warning for warning in warnings)
        for text in (reply.text, proxy.log(), str(warnings), await proxy.metrics()):
            assert "hunter2" not in text
            assert "robot" not in text
    assert not upstream.requests


async def test_the_login_of_the_machine_s_goproxy_works_over_https(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with TlsUpstream(upstream, tmp_path / "tls") as server:
        (tmp_path / "secrets" / "ca").mkdir(parents=True)
        (tmp_path / "secrets" / "ca" / "ca.crt").write_bytes(server.ca_file.read_bytes())
        document = config(trustedCASecretName="ca") | {"secretsDir": str(tmp_path / "secrets")}
        env = {"GOPROXY": server.url.replace("://", "://robot:hunter%402@")}
        async with ProxyProcess(tmp_path / "fleet", document, env) as proxy:
            assert (await proxy.get(MOD)).status == 200
            reply = await proxy.get("example.com/none/@v/list")
            assert (reply.status, server.url in reply.text, "hunter" in reply.text) == (404, True, False)
            assert "hunter" not in proxy.log()
    assert set(server.logins) == {aiohttp.encode_basic_auth("robot", "hunter@2")}


@pytest.mark.parametrize("counts", [True, False])
async def test_the_machine_s_netrc_and_proxy(upstream: FakeUpstream, tmp_path: Path, counts: bool) -> None:
    async with TlsUpstream(upstream, tmp_path / "tls") as server:
        (tmp_path / "secrets" / "ca").mkdir(parents=True)
        (tmp_path / "secrets" / "ca" / "ca.crt").write_bytes(server.ca_file.read_bytes())
        place = server.url.removeprefix("https://")
        (tmp_path / "netrc").write_text(f"machine {place} login robot password netrc\n")
        document = config(
            trustedCASecretName="ca", goproxy=f"http://modules.example.com,{server.url}", machineSettings=counts
        ) | {"secretsDir": str(tmp_path / "secrets")}
        env = {"NETRC": str(tmp_path / "netrc"), "http_proxy": upstream.url, "no_proxy": ""}
        async with ProxyProcess(tmp_path / "fleet", document, env) as proxy:
            upstream.behaviours[LIST] = status(404)
            reply = await proxy.get(LIST)
            assert reply.status == (200 if counts else 502)
    # The first entry of the chain is reached by way of the proxy only, and the netrc is for https alone.
    assert bool(upstream.requests[LIST]) is counts
    assert all("Authorization" not in headers for headers in upstream.headers)
    assert server.logins == ([aiohttp.encode_basic_auth("robot", "netrc")] if counts else [])


async def test_redirects_that_lead_round(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with RawServer(redirect("/round?secret")) as round_and_round:
        url = f"http://127.0.0.1:{round_and_round.port}"
        async with ProxyProcess(tmp_path / "fleet", config(goproxy=url)) as proxy:
            reply = await proxy.get(MOD)
            assert (reply.status, "redirected more than 10 times" in reply.text) == (502, True)
            assert "secret" not in reply.text
            assert '"redirects"' in await proxy.metrics()


async def test_latest_of_an_upstream_that_has_none(upstream: FakeUpstream, tmp_path: Path) -> None:
    pseudo = ["v0.0.0-20200101000000-0123456789ab", "v0.0.0-20240101000000-ba9876543210"]
    upstream.add("example.com/untagged", *pseudo)
    del upstream.files["example.com/untagged/@latest"]
    async with ProxyProcess(tmp_path / "fleet", config(goproxy=upstream.url)) as proxy:
        assert (await proxy.get("example.com/untagged/@v/list")).body == b""
        reply = await proxy.get("example.com/untagged/@latest")
        assert reply.body == upstream.files[f"example.com/untagged/@v/{pseudo[1]}.info"]
        client = GoClient(tmp_path / "client", f"{proxy.url},off")
        assert pseudo[1] in await client.succeed("list", "-m", "example.com/untagged@latest")
        assert (await proxy.get("example.com/none/@latest")).status == 404
        upstream.behaviours["example.com/untagged2/@latest"] = status(500)
        assert (await proxy.get("example.com/untagged2/@latest")).status == 502


@pytest.mark.parametrize("counts", [True, False])
async def test_the_machine_s_settings_count_for_version_control(tmp_path: Path, counts: bool) -> None:
    async with GitHost(tmp_path / "git") as git, Egress({HOST: git.port}) as egress:
        git.commit("lib", {"go.mod": f"module {HOST}/lib\n", "lib.go": "package lib\n"}, "v1.0.0")
        (tmp_path / "secrets" / "ca").mkdir(parents=True)
        (tmp_path / "secrets" / "ca" / "ca.crt").write_bytes(git.ca_file.read_bytes())
        (tmp_path / "netrc").write_text(f"machine {HOST} login {git.login[0]} password {git.login[1]}\n")
        document = config(
            trustedCASecretName="ca", goproxy="off", goprivate=[HOST], machineSettings=counts, directTimeout="60s"
        ) | {"secretsDir": str(tmp_path / "secrets")}
        env = {"NETRC": str(tmp_path / "netrc"), "HTTPS_PROXY": egress.url, "NO_PROXY": "", "no_proxy": ""}
        async with ProxyProcess(tmp_path / "fleet", document, env) as proxy:
            assert ((await proxy.get(f"{HOST}/lib/@v/v1.0.0.mod")).status == 200) is counts
            assert git.login[1] not in proxy.log()
        assert bool(egress.asked) is counts


async def test_a_module_of_a_private_host_is_not_fetched_directly(tmp_path: Path) -> None:
    async with ProxyProcess(tmp_path / "fleet", config(goproxy="direct")) as proxy:
        reply = await proxy.get("127.0.0.1/lib/@v/list")
        assert reply.status == 403
        assert "has no public address" in reply.text
        assert "upstream.goprivate" in reply.text
