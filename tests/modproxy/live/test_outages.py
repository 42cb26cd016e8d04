"""What a replica reports of servers that fail, after a single request, and that it is over without another one."""

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiohttp import web

from modproxy.contract.report import Outage, Report
from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_sumdb import NAME, FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.tls_upstream import TlsUpstream
from tests.secrecy.registry import new_secret

M = "example.com/!mixed/@v"
MOD, LIST = f"{M}/v1.0.0.mod", f"{M}/list"

UNTRUSTED = "has a certificate that is not trusted: unable to get local issuer certificate"
WANTS = "answers 407: it wants a user name and a password"
REFUSED = "cannot be reached: Connection refused"


def config(**upstream: Any) -> dict[str, Any]:
    return {"upstream": {"gosumdb": "off", "timeout": "2s", **upstream}}


def by_proxy(scheme: str, proxy: str) -> dict[str, Any]:
    return config(goproxy=f"{scheme}://proxy.example.com", httpProxy={"url": f"http://{proxy}"})


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def until(proxy: ProxyProcess, *, failing: bool) -> Report:
    """Wait for a report in which any server fails, or none does. The replica asks twice more, five seconds apart."""
    async with asyncio.timeout(30):
        while True:
            report = await proxy.report()
            if any(outage.failing for outage in report.outages or ()) is failing:
                return report
            await asyncio.sleep(0.1)


async def the_outage(proxy: ProxyProcess) -> Outage:
    report = await until(proxy, failing=True)
    assert report.ready
    assert report.outages is not None
    (outage,) = report.outages
    assert outage.named
    assert outage.failures >= 3
    assert 0 < outage.since <= outage.last
    return outage


async def serve(port: int, status: int) -> web.ServerRunner:
    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status)

    runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


async def test_a_server_that_is_down_and_comes_back(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with ProxyProcess(tmp_path, config(goproxy=url)) as proxy:
        assert (await proxy.report()).outages == ()
        assert (await proxy.get(LIST)).status == 502
        report = await proxy.report()
        assert report.outages is not None
        assert [outage.failing for outage in report.outages] == [False]
        outage = await the_outage(proxy)
        assert (outage.role, outage.place, outage.kind) == ("upstream", url, "connect")
        assert outage.cause == REFUSED
        assert "check the address in spec.upstream.goproxy" in outage.remedy
        assert "WARNING modproxy.cache.lookup: not fetched: " in proxy.log()
        runner = await serve(port, 404)
        try:
            async with asyncio.timeout(45):  # a failing server is asked every thirty seconds
                while (await proxy.report()).outages != ():
                    await asyncio.sleep(0.2)
        finally:
            await runner.cleanup()


async def after_one_request(folder: Path, settings: dict[str, Any]) -> Outage:
    async with ProxyProcess(folder, settings) as proxy:
        assert (await proxy.get(LIST)).status >= 500
        return await the_outage(proxy)


async def test_what_is_told_of_each_kind_of_failure(upstream: FakeUpstream, tmp_path: Path) -> None:
    # All fail at once, because each takes ten seconds of tries.
    port = free_port()
    async with (
        AsyncExitStack() as stack,
        TlsUpstream(upstream, tmp_path / "site") as site,
        FakeUpstream() as wants_login,
        FakeUpstream() as down,
        FakeUpstream() as hangs,
    ):
        for server, behaviour in (
            (wants_login, fake.status(401, "who are you?")), (down, fake.status(503, "later")), (hangs, fake.hang()),
        ):  # fmt: skip
            server.behaviours |= {LIST: behaviour, "": behaviour}
        refuses = await serve(0, 407)
        stack.push_async_callback(refuses.cleanup)
        egress, gone = f"127.0.0.1:{refuses.addresses[0][1]}", f"127.0.0.1:{port}"
        unknown = "https://proxy.invalid"
        cases = [
            (config(goproxy=wants_login.url), "upstream", wants_login.url, "401", 'answers 401, saying "who are you?"'),
            (config(goproxy=down.url), "upstream", down.url, "503", 'answers 503, saying "later"'),
            (config(goproxy=hangs.url), "upstream", hangs.url, "timeout", "did not answer within 2 s"),
            (config(goproxy=site.url), "upstream", site.url, "tls", UNTRUSTED),
            (config(goproxy=unknown), "upstream", unknown, "dns", "cannot be resolved"),
            (by_proxy("http", egress), "httpProxy", egress, "407", WANTS),
            (by_proxy("https", egress), "httpProxy", egress, "407", WANTS),
            (by_proxy("https", gone), "httpProxy", gone, "connect", REFUSED),
        ]
        told = await asyncio.gather(
            *(after_one_request(tmp_path / str(number), case[0]) for number, case in enumerate(cases))
        )
    for outage, (_, *expected) in zip(told, cases, strict=True):
        assert [outage.role, outage.place, outage.kind, outage.cause] == expected


async def test_one_file_that_a_server_cannot_give_makes_it_not_fail(upstream: FakeUpstream, tmp_path: Path) -> None:
    upstream.behaviours[LIST] = fake.status(500, "oops")
    async with ProxyProcess(tmp_path, config(goproxy=upstream.url)) as proxy:
        for _ in range(4):
            assert (await proxy.get(LIST)).status == 502
        while upstream.requests[""] < 2:  # the replica has looked whether the server is there
            await asyncio.sleep(0.1)
        report = await proxy.report()
        assert report.outages is not None
        assert [(outage.failing, outage.kind) for outage in report.outages] == [(False, "500")]
        assert (await proxy.get("example.com/none/@v/list")).status == 404
        assert (await proxy.report()).outages == ()


async def test_a_checksum_database_with_another_key(upstream: FakeUpstream, tmp_path: Path) -> None:
    real, other = FakeSumdb(), FakeSumdb()
    real.pad(3)
    real.publish(upstream.files)
    settings = {"upstream": {"goproxy": upstream.url, "gosumdb": other.verifier_key, "timeout": "2s"}}
    async with ProxyProcess(tmp_path, settings) as proxy:
        assert (await proxy.get(f"sumdb/{NAME}/latest")).status == 502
        outage = await the_outage(proxy)
        assert (outage.role, outage.place, outage.kind) == ("checksumDatabase", NAME, "signature")
        assert outage.cause.startswith("gives answers that are refused: ")
        assert "spec.upstream.gosumdb" in outage.remedy


async def test_hosts_that_clients_choose_are_reported_and_do_not_fail(tmp_path: Path) -> None:
    port = free_port()
    # The go command asks for every host through this proxy, which is down.
    settings = config(
        goproxy="direct", goprivate=["*.invalid", "git.example.com"], httpProxy={"url": f"http://127.0.0.1:{port}"}
    )
    async with ProxyProcess(tmp_path, settings) as proxy:
        for _ in range(4):
            assert (await proxy.get("nonsense.invalid/m/@v/list")).status == 502
        assert (await proxy.get("git.example.com/m/@v/list")).status == 502
        report = await until(proxy, failing=True)
        told = {outage.place: (outage.named, outage.failing) for outage in report.outages or ()}
        assert told == {"git.example.com": (True, True), "nonsense.invalid": (False, False)}


async def test_secrets_are_looked_at_before_they_are_needed(upstream: FakeUpstream, tmp_path: Path) -> None:
    settings = config(
        goproxy=upstream.url, credentials=[{"pattern": "git.example.com", "secretName": "git"}],
        trustedCASecretName="ca",
    )  # fmt: skip
    folder = tmp_path / "secrets"
    (folder / "ca").mkdir(parents=True)
    (folder / "ca" / "ca.crt").write_text("none")
    async with ProxyProcess(tmp_path / "fleet", {**settings, "secretsDir": str(folder)}) as proxy:
        told = (await proxy.report()).secret_problems
        assert told is not None
        assert [one.secret for one in told] == ["git", "ca"]
        assert "Secret git is not found or not mounted yet" in told[0].problem
        assert "WARNING modproxy.source.way_out.named_secrets: Secret git is not found" in proxy.log()
        (folder / "git").mkdir()
        (folder / "git" / "password").write_text(new_secret("git"))
        await proxy.until_report(lambda report: len(report.secret_problems or ()) == 1)
        proxy.write_config(upstream={**settings["upstream"], "trustedCASecretName": None, "credentials": []})
        await proxy.until_report(lambda report: report.secret_problems == ())
    assert not upstream.requests
