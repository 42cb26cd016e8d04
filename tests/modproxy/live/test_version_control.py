"""Private modules from version control: what is fetched, with whose credentials, and what never leaves."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.git_host import HOST, Egress, GitHost
from tests.modproxy.go_client import GoClient
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.source.vcs import pages

M = f"{HOST}/lib"


@dataclass
class Company:
    """Has a replica, its git host, and the proxy between them."""

    git: GitHost
    egress: Egress
    proxy: ProxyProcess
    secrets: Path
    config: dict[str, Any]

    def write_login(self, username: str, password: str) -> None:
        folder = self.secrets / "corp-git"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "username").write_text(username)
        (folder / "password").write_text(password + "\n")


@pytest.fixture
async def company(upstream: FakeUpstream, tmp_path: Path) -> AsyncIterator[Company]:
    async with GitHost(tmp_path / "git") as git, Egress({HOST: git.port}) as egress:
        secrets = tmp_path / "secrets"
        (secrets / "corp-ca").mkdir(parents=True)
        (secrets / "corp-ca" / "ca.crt").write_bytes(git.ca_file.read_bytes())
        config = {
            "secretsDir": str(secrets),
            "upstream": {
                "goproxy": f"{upstream.url},direct",
                "gosumdb": "off",
                "goprivate": [HOST],
                "credentials": [{"pattern": HOST, "secretName": "corp-git"}],
                "trustedCASecretName": "corp-ca",
                "httpProxy": {"url": egress.url, "noProxy": ["127.0.0.1"]},
                "directTimeout": "60s",
            },
        }
        git.commit("lib", {"go.mod": f"module {M}\n\ngo 1.21\n", "lib.go": "package lib\n"}, "v1.0.0")
        async with ProxyProcess(tmp_path / "fleet", config) as proxy:
            company = Company(git, egress, proxy, secrets, config)
            company.write_login(*git.login)
            yield company


async def test_every_file_of_a_private_module(company: Company, upstream: FakeUpstream, tmp_path: Path) -> None:
    company.git.commit("lib", {"lib.go": "package lib // 2\n"}, "v1.1.0")
    company.git.commit("lib", {"sub/go.mod": f"module {M}/sub\n", "sub/s.go": "package sub\n"}, "sub/v0.1.0")
    head = company.git.commit("lib", {"next.go": "package lib\n"}, branch="next")
    proxy = company.proxy
    assert (await proxy.get(f"{M}/@v/list")).body == b"v1.0.0\nv1.1.0\n"
    assert json.loads((await proxy.get(f"{M}/@latest")).body)["Version"] == "v1.1.0"
    info = json.loads((await proxy.get(f"{M}/@v/v1.0.0.info")).body)
    assert (info["Version"], info["Origin"]["URL"]) == ("v1.0.0", f"https://{M}.git")
    assert (await proxy.get(f"{M}/@v/v1.0.0.mod")).body == f"module {M}\n\ngo 1.21\n".encode()
    pseudo = json.loads((await proxy.get(f"{M}/@v/next.info")).body)["Version"]
    assert pseudo.endswith(head[:12])
    assert json.loads((await proxy.get(f"{M}/@v/{head[:12]}.info")).body)["Version"] == pseudo
    assert (await proxy.get(f"{M}/sub/@v/list")).body == b"v0.1.0\n"
    client = GoClient(tmp_path / "client", f"{proxy.url},off")
    await client.succeed("mod", "init", "example.com/project")
    await client.succeed("get", f"{M}@v1.1.0", f"{M}/sub@latest")
    assert await client.succeed("mod", "verify") == "all modules verified\n"
    assert not upstream.requests
    assert set(company.egress.asked) == {HOST}
    assert not list((proxy.cache / ".modproxy" / "direct").iterdir())


async def test_absent_and_refused_and_rotated(company: Company) -> None:
    proxy = company.proxy
    absent = await proxy.get(f"{M}/@v/v9.9.9.info")
    assert absent.status == 404  # v9 is a query for a path without /v9, and the repository has no such tag
    absent = await proxy.get(f"{M}/@v/v1.9.9.info")
    assert (absent.status, "unknown revision" in absent.text) == (404, True)
    assert (await proxy.get(f"{HOST}/nothing/@v/list")).status == 404
    company.git.login = ("robot", "second-secret")
    refused = await proxy.get(f"{M}/@v/v1.0.0.info")
    assert (refused.status, "credentials" in refused.text) == (502, True)
    company.write_login(*company.git.login)
    assert (await proxy.get(f"{M}/@v/v1.0.0.info")).status == 200
    (company.secrets / "corp-git" / "password").unlink()
    missing = await proxy.get(f"{M}/@v/v1.0.0.zip")
    assert (missing.status, "Secret corp-git" in missing.text) == (502, True)
    everything = (
        proxy.log() + (await proxy.report()).model_dump_json() + refused.text + missing.text + await proxy.metrics()
    )
    assert "-secret" not in everything


async def test_a_tag_that_moved_changes_nothing_that_is_held(company: Company) -> None:
    proxy = company.proxy
    first = [(await proxy.get(f"{M}/@v/v1.0.0.{suffix}")).body for suffix in ("info", "mod", "zip")]
    company.git.commit("lib", {"lib.go": "package lib // moved\n"}, "v1.0.0")
    assert [(await proxy.get(f"{M}/@v/v1.0.0.{suffix}")).body for suffix in ("info", "mod", "zip")] == first


async def test_a_tag_that_moves_between_two_files_of_a_version(company: Company) -> None:
    proxy = company.proxy
    info = await proxy.get(f"{M}/@v/v1.0.0.info")
    company.git.commit("lib", {"go.mod": f"module {M}\n\ngo 1.22\n"}, "v1.0.0")
    mod = (await proxy.get(f"{M}/@v/v1.0.0.mod")).body
    zipped = (await proxy.get(f"{M}/@v/v1.0.0.zip")).body
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert archive.read(f"{M}@v1.0.0/go.mod") == mod
    assert json.loads(info.body)["Origin"]["Hash"] != company.git.commit("lib", {}, branch="other")
    assert b"go 1.21" in mod


async def test_a_module_for_a_go_of_the_future(company: Company) -> None:
    files = {"go.mod": f"module {HOST}/new\n\ngo 1.99.0\n\nfuture (\n\tx\n)\n", "n.go": "package n\n"}
    company.git.commit("new", files, "v1.0.0")
    for suffix in ("zip", "info", "mod"):
        assert (await company.proxy.get(f"{HOST}/new/@v/v1.0.0.{suffix}")).status == 200
    assert (await company.proxy.get(f"{HOST}/new/@v/list")).body == b"v1.0.0\n"


async def test_an_outage_is_not_remembered(company: Company) -> None:
    company.git.answers["/lib"] = pages.status(429)
    assert (await company.proxy.get(f"{M}/@v/v1.0.0.info")).status == 502
    assert (await company.proxy.get(f"{M}/@v/v1.0.0.zip")).status == 502
    del company.git.answers["/lib"]
    assert (await company.proxy.get(f"{M}/@v/v1.0.0.zip")).status == 200
    metrics = await company.proxy.metrics()
    assert 'modproxy_upstream_errors_total{reason="vcs_outage"} 2.0' in metrics
    assert "429 Too Many Requests" in company.proxy.log()


async def test_a_slow_host_is_cut_off_with_all_it_started(company: Company) -> None:
    company.config["upstream"]["directTimeout"] = "2s"
    company.proxy.write_config(upstream=company.config["upstream"])
    await company.proxy.until_report(lambda report: report.config.generation == 2)
    company.git.delay = 30
    reply = await company.proxy.get(f"{M}/@v/list")
    assert (reply.status, "2 s" in reply.text) == (504, True)
    marker = str(company.proxy.cache / ".modproxy" / "direct")
    await eventually(lambda: not _running_with(marker), "nothing of it runs any more")
    assert not list((company.proxy.cache / ".modproxy" / "direct").iterdir())


def _running_with(marker: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


async def test_a_public_module_that_upstream_lacks_comes_directly_and_a_private_one_never_from_upstream(
    company: Company, upstream: FakeUpstream
) -> None:
    company.config["upstream"] |= {"goprivate": [], "gonoproxy": []}
    company.proxy.write_config(upstream=company.config["upstream"])
    await company.proxy.until_report(lambda report: report.config.generation == 2)
    assert (await company.proxy.get(f"{M}/@v/list")).body == b"v1.0.0\n"
    assert upstream.requests[f"{M}/@v/list"] == 1


async def test_many_at_once_leave_hits_alone(company: Company, upstream: FakeUpstream) -> None:
    await company.proxy.get("example.com/!mixed/@v/list")
    company.git.delay = 1
    waiting = [asyncio.create_task(company.proxy.get(f"{HOST}/r{n}/@v/list")) for n in range(20)]
    await eventually(lambda: bool(company.egress.asked), "the first has left")
    reply = await company.proxy.get("example.com/!mixed/@v/list")
    assert reply.headers["Cache-Status"] == "modproxy; hit"
    assert not all(task.done() for task in waiting)
    replies = await asyncio.gather(*waiting)
    assert [reply.text for reply in replies if reply.status != 404] == []


async def test_a_host_that_refuses_the_fleet_s_login_is_reported_until_it_does_not(company: Company) -> None:
    company.write_login("robot", "wrong")
    reply = await company.proxy.get(f"{M}/@v/list")
    assert (reply.status, "refuses the fleet's access" in reply.text) == (502, True)
    # The replica fetches twice more, five seconds apart.
    report = await company.proxy.until_report(lambda one: any(o.failing for o in one.outages or ()), seconds=60)
    assert report.outages is not None
    (outage,) = report.outages
    assert (outage.role, outage.place, outage.kind, outage.named) == ("versionControl", HOST, "refused", True)
    assert outage.cause.startswith("does not take the fleet's login: ")
    assert "spec.upstream.credentials" in outage.remedy
    assert "wrong" not in report.model_dump_json()
    company.write_login(*company.git.login)
    assert (await company.proxy.get(f"{M}/@v/list")).status == 200
    assert (await company.proxy.report()).outages == ()
