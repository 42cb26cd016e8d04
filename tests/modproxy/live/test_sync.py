"""Webhooks and the schedule in a fleet of real replicas, with a real git host and a real go client."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.git_host import HOST, Egress, GitHost
from tests.modproxy.go_client import GoClient
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.replica_fleet import Fleet
from tests.modproxy.sync import payloads
from tests.modproxy.sync.payloads import SECRET, signed
from tests.secrecy.registry import REGISTRY, new_secret

M = f"{HOST}/lib"
FILES = {"go.mod": f"module {M}\n\ngo 1.21\n", "lib.go": "package lib\n"}


async def send(
    replica: ProxyProcess, payload: dict[str, Any] | bytes, forge: str = "github", event: str = "push", *,
    delivery: str = "d1", secret: str = SECRET, **headers: str,
) -> tuple[int, str]:  # fmt: skip
    body, made = signed(forge, payload, event, secret, delivery)
    REGISTRY.add(secret, "secret of webhooks")
    named = made | {name.replace("_", "-"): value for name, value in headers.items()}
    async with replica.session.post(f"{replica.url}/-/webhook", data=body, headers=named) as answer:
        return answer.status, await answer.text()


def of_host(ref: str = "refs/tags/v1.1.0", **changed: Any) -> dict[str, Any]:
    """Say that the repository `lib` of the git host has changed, under hosts that are nobody to fetch from."""
    repository = {
        "full_name": "lib", "clone_url": "https://127.0.0.1:1/lib.git", "html_url": "https://evil.example/lib"
    }  # fmt: skip
    return payloads.github(ref, **{"repository": repository, **changed})


@dataclass
class Site:
    git: GitHost
    fleet: Fleet
    config: dict[str, Any]


@asynccontextmanager
async def site(folder: Path, upstream: FakeUpstream, sync: dict[str, Any]) -> AsyncIterator[Site]:
    async with GitHost(folder / "git") as git, Egress({HOST: git.port}) as egress:
        secrets = folder / "secrets"
        for name, key, content in (
            ("corp-ca", "ca.crt", git.ca_file.read_bytes()), ("hook", "secret", f"old\n{SECRET}\n".encode())
        ):  # fmt: skip
            (secrets / name).mkdir(parents=True)
            (secrets / name / key).write_bytes(content)
        git.open_to_all = True
        git.commit("lib", FILES, "v1.0.0")
        config = {
            "secretsDir": str(secrets), "cache": {"listTTL": "1h", "notFoundTTL": "1h"}, "sync": sync,
            "upstream": {
                "goproxy": f"{upstream.url},direct", "gosumdb": "off", "goprivate": [HOST],
                "trustedCASecretName": "corp-ca", "directTimeout": "60s",
                "httpProxy": {"url": egress.url, "noProxy": ["127.0.0.1"]},
            },
        }  # fmt: skip
        async with Fleet(folder / "fleet", config) as fleet:
            yield Site(git, fleet, config)


async def holds(replica: ProxyProcess, key: str, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not (replica.cache / key).exists():
            await asyncio.sleep(0.05)


async def fetches(fleet: Fleet) -> list[int]:
    """Return which replicas have asked the git host."""
    found = []
    for number, replica in enumerate(fleet.replicas):
        lines = [line for line in (await replica.metrics()).splitlines() if line.startswith("modproxy_upstream_req")]
        if any(float(line.rpartition(" ")[2]) for line in lines):
            found.append(number)
    return found


async def test_a_pushed_tag_can_be_had_from_every_replica(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with site(tmp_path, upstream, {"modules": [HOST], "webhookSecretName": "hook"}) as made:
        fleet = made.fleet
        owner = fleet.owner(f"{M}/@v/list")
        told, asked = (fleet.replicas[number] for number in range(3) if number != owner)
        assert (await asked.get(f"{M}/@v/list")).text == "v1.0.0\n"
        for replica in fleet.replicas:
            assert (await replica.get(f"{M}/@v/v1.1.0.info")).status == 404
        made.git.commit("lib", {"lib.go": "package lib // new\n"}, "v1.1.0")
        assert (await asked.get(f"{M}/@v/v1.1.0.info")).status == 404
        status, words = await send(told, of_host())
        assert (status, M in words, "evil" in words) == (202, True, False)
        await holds(fleet.replicas[owner], f"{M}/@v/v1.1.0.zip")
        assert await fetches(fleet) == [owner]
        client = GoClient(tmp_path / "client", asked.url, GONOSUMDB="*")
        await client.succeed("mod", "init", "example.com/me")
        await client.succeed("get", f"{M}@v1.1.0")
        await client.succeed("get", f"{M}@latest")
        assert "v1.1.0" in await client.succeed("list", "-m", M)
        again = await send(told, of_host())
        assert again[0] == 200 and "before" in again[1]
        assert 'modproxy_webhooks_total{forge="github",outcome="taken"} 1.0' in await told.metrics()
        assert not upstream.requests


async def test_a_run_fetches_what_no_webhook_told(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with site(tmp_path, upstream, {"modules": [M, "example.com/Mixed"], "schedule": "* * * * *"}) as made:
        fleet = made.fleet
        for path, last in ((M, "v1.0.0"), ("example.com/!mixed", "v1.1.0")):
            owner = fleet.owner(f"{path}/@v/list")
            await holds(fleet.replicas[owner], f"{path}/@v/{last}.zip")
            others = [replica for number, replica in enumerate(fleet.replicas) if number != owner]
            assert not any((replica.cache / path).exists() for replica in others)
        assert {count for key, count in upstream.requests.items() if "/@v/v" in key} == {1}
        owner = fleet.owner("example.com/!mixed/@v/list")
        report = await fleet.replicas[owner].until_report(lambda one: one.sync is not None and one.sync.fetched >= 2)
        assert report.sync is not None and not report.sync.missing
        assert report.sync.next_run is not None and report.sync.next_run > time.time()


async def test_what_is_no_proved_webhook_is_refused(upstream: FakeUpstream, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    config = {
        "secretsDir": str(secrets), "upstream": {"goproxy": upstream.url},
        "sync": {"modules": ["example.com"], "webhookSecretName": "hook"},
    }  # fmt: skip
    payload, rotated = payloads.github("refs/heads/main"), new_secret("secret of webhooks")
    async with ProxyProcess(tmp_path, config) as proxy:
        report = await proxy.until_report(lambda one: bool(one.secret_problems))
        assert report.secret_problems is not None and report.secret_problems[0].secret == "hook"
        assert (await send(proxy, payload))[0] == 503
        (secrets / "hook").mkdir(parents=True)
        (secrets / "hook" / "secret").write_text("\n")
        assert (await send(proxy, payload))[0] == 503
        (secrets / "hook" / "secret").write_text(f"{SECRET}\n")
        assert (await send(proxy, {}, event="ping"))[0] == 200
        assert (await send(proxy, payload))[0] == 200  # nothing of it is kept complete
        (secrets / "hook" / "secret").write_text(f"{rotated}\n")
        for wanted, change in (
            (403, {}), (401, {"X_Hub_Signature_256": ""}), (415, {"Content_Type": "application/x-www-form-urlencoded"}),
        ):  # fmt: skip
            found = await send(proxy, payload, **change)
            assert found[0] in (wanted, 403) and len(found[1]) > 20, found
        good = {"secret": rotated}
        assert (await send(proxy, b"[" * 30_000, **good))[0] == 400
        assert (await send(proxy, b'{"a": 1, "a": 2}', **good))[0] == 400
        assert (await send(proxy, {"ref": "x"}, **good))[0] == 400
        assert (await send(proxy, b"x" * (6 << 20), **good))[0] == 413
        async with proxy.session.post(f"{proxy.url}/-/webhook", data=b"{}") as answer:
            assert answer.status == 400
        assert (await proxy.get("-/webhook")).status == 405
        statuses = {(await send(proxy, payload, **good, delivery=str(number)))[0] for number in range(250)}
        assert 429 in statuses
    assert not upstream.requests


@pytest.mark.parametrize("forge", ["gitlab", "gitea", "azureDevOps"])
async def test_other_forges(upstream: FakeUpstream, tmp_path: Path, forge: str) -> None:
    secrets = tmp_path / "secrets" / "hook"
    secrets.mkdir(parents=True)
    for key, content in (("secret", SECRET), ("username", "hook"), ("password", "azure-password")):
        (secrets / key).write_text(content)
    upstream.add("git.example.com/platform/lib", "v1.2.3")
    upstream.add("dev.example.com/corp/platform/_git/lib", "v1.2.3")
    config = {
        "secretsDir": str(secrets.parent), "upstream": {"goproxy": upstream.url},
        "sync": {"modules": ["git.example.com", "dev.example.com"], "webhookSecretName": "hook"},
    }  # fmt: skip
    payload = {"gitlab": payloads.gitlab(), "azureDevOps": payloads.azure()}.get(forge, payloads.github())
    path = "dev.example.com/corp/platform/_git/lib" if forge == "azureDevOps" else "git.example.com/platform/lib"
    async with ProxyProcess(tmp_path, config) as proxy:
        status, words = await send(proxy, payload, forge)
        assert status == 202 and path in words
        await holds(proxy, f"{path}/@v/v1.2.3.zip")
