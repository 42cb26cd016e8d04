"""Each kind of Secret that a config can name is rotated while the replica runs. `COVERED` says by which test."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from modproxy.contract import secret_keys
from tests.kubernetes.certificates import Authority
from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.git_host import GitHost
from tests.modproxy.live.access_site import PASSWORDS, PROXY_SECRET, TEAM_A, AccessSite, basic
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.ssh_host import ADDRESS, SshHost
from tests.modproxy.tls_upstream import TlsUpstream
from tests.secrecy.registry import new_secret

HERE = "tests.modproxy.live.test_rotation"
S3 = "tests.modproxy.live.test_object_store_s3"
CLIENT = "tests.modproxy.bucket.test_client"
COVERED = {
    ("access.basic", "htpasswd"): f"{HERE}:test_users_and_their_groups",
    ("access.basic", "groups"): f"{HERE}:test_users_and_their_groups",
    ("access.trustedProxy", "secret"): f"{HERE}:test_the_secret_of_the_trusted_proxy",
    ("tls", "tls.crt"): "tests.modproxy.live.test_tls:test_a_rotation_is_taken_while_connections_live_on",
    ("tls", "tls.key"): "tests.modproxy.live.test_tls:test_a_rotation_is_taken_while_connections_live_on",
    ("upstream.credentials", "username"): f"{HERE}:test_the_login_for_an_upstream",
    ("upstream.credentials", "password"): f"{HERE}:test_the_login_for_an_upstream",
    ("upstream.credentials", "ssh-privatekey"): f"{HERE}:test_the_key_for_ssh",
    ("upstream.credentials", "known_hosts"): f"{HERE}:test_the_key_for_ssh",
    ("upstream.httpProxy", "username"): f"{HERE}:test_the_login_for_the_http_proxy",
    ("upstream.httpProxy", "password"): f"{HERE}:test_the_login_for_the_http_proxy",
    ("upstream.trustedCASecretName", "ca.crt"): f"{HERE}:test_the_trusted_authority",
    ("sync.webhookSecretName", "secret"): "tests.modproxy.live.test_sync:test_what_is_no_proved_webhook_is_refused",
    ("audit.elasticsearch", "username"): f"{HERE}:test_the_login_for_the_audit_log_s_receiver",
    ("audit.elasticsearch", "password"): f"{HERE}:test_the_login_for_the_audit_log_s_receiver",
    ("audit.elasticsearch", "apiKey"): f"{HERE}:test_the_login_for_the_audit_log_s_receiver",
    ("cache.objectStore", "AWS_ACCESS_KEY_ID"): f"{S3}:test_credentials_are_rotated_without_a_restart",
    ("cache.objectStore", "AWS_SECRET_ACCESS_KEY"): f"{S3}:test_credentials_are_rotated_without_a_restart",
    ("cache.objectStore", "AWS_SESSION_TOKEN"): f"{CLIENT}:test_a_rotated_key_is_used",
    ("cache.objectStore", "AZURE_STORAGE_ACCOUNT_KEY"): f"{CLIENT}:test_a_rotated_key_is_used",
    ("cache.objectStore", "AZURE_STORAGE_SAS_TOKEN"): f"{CLIENT}:test_a_rotated_key_is_used",
    ("cache.objectStore", "GOOGLE_SERVICE_ACCOUNT_KEY"): f"{CLIENT}:test_a_rotated_key_is_used",
    ("cache.objectStore", "ca.crt"): f"{CLIENT}:test_a_rotated_authority_is_trusted",
}
"""Each place of the config that names a Secret, with each of its keys, and the test that rotates it."""
# The library of the ssh server leaves such a coroutine behind at the end of a session.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine 'Queue.join' was never awaited:RuntimeWarning")
M = "example.com/!mixed/@v"
DETAILED = ("--verbose",)
"""A detailed log is searched for secrets too."""


def test_every_key_has_its_test() -> None:
    groups = {name: value for name, value in vars(secret_keys).items() if name.endswith("_KEYS")}
    assert {key for keys in groups.values() for key in keys} == {key for _, key in COVERED}
    for place in set(COVERED.values()):
        module, _, name = place.partition(":")
        assert callable(getattr(importlib.import_module(module), name)), place


@pytest.fixture
async def site(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[AccessSite]:
    async with AccessSite(tmp_path / "site", upstream) as made:
        yield made


def put(folder: Path, name: str, **keys: str) -> None:
    """Write keys of a Secret, each in one step; two underscores in a name are a dash."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    for key, text in keys.items():
        draft = folder / name / ".draft"
        draft.write_text(text)
        draft.replace(folder / name / key.replace("__", "-"))


async def becomes(status: int, ask: Callable[[], Awaitable[int]]) -> None:
    async def there() -> bool:
        return await ask() == status

    await eventually(there, f"the answer is {status}")


async def test_users_and_their_groups(site: AccessSite) -> None:
    path, new = f"{TEAM_A}/@v/v1.0.0.info", {**PASSWORDS, "bob": new_secret("bob")}

    async def status(password: str) -> int:
        return (await site.get(path, basic("bob", password))).status

    assert await status(PASSWORDS["bob"]) == 403
    site.write("users", groups="team-a: bob\n")
    await becomes(200, lambda: status(PASSWORDS["bob"]))
    site.write_users(new)
    site.write("users", groups="team-a: bob\n")
    await becomes(200, lambda: status(new["bob"]))
    assert await status(PASSWORDS["bob"]) == 401
    assert (await site.proxy.report()).config.generation == 1, "the config is the same, and so is the process"


async def test_the_secret_of_the_trusted_proxy(site: AccessSite) -> None:
    new = new_secret("edge")

    async def status(secret: str) -> int:
        named = {"X_Forwarded_User": "eve", "X_Forwarded_Groups": "team-a", "X_Auth_Proxy_Secret": secret}
        return (await site.get(f"{TEAM_A}/@v/v1.0.0.info", **named)).status

    assert await status(PROXY_SECRET) == 200
    site.write("front", secret=new)
    await becomes(200, lambda: status(new))
    assert await status(PROXY_SECRET) == 401


def config(secrets: Path, **upstream: Any) -> dict[str, Any]:
    return {"secretsDir": str(secrets), "upstream": {"gosumdb": "off", "timeout": "5s", **upstream}}


async def test_the_login_for_an_upstream(upstream: FakeUpstream, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    put(secrets, "login", username="robot", password=(first := new_secret("first")))
    named = [{"pattern": "127.0.0.1", "secretName": "login"}]
    document = config(secrets, goproxy=upstream.url, credentials=named)
    async with ProxyProcess(tmp_path / "fleet", document, arguments=DETAILED) as proxy:
        assert (await proxy.get(f"{M}/v1.0.0.mod")).status == 200
        assert upstream.headers[-1]["Authorization"] == basic("robot", first)
        put(secrets, "login", username="other", password=(second := new_secret("second")))
        assert (await proxy.get(f"{M}/v1.1.0.mod")).status == 200
        assert upstream.headers[-1]["Authorization"] == basic("other", second)


async def test_the_login_for_the_http_proxy(upstream: FakeUpstream, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    put(secrets, "egress", username="robot", password=(first := new_secret("first")))
    way = {"url": upstream.url, "secretName": "egress"}
    document = config(secrets, goproxy="http://modules.example.com", httpProxy=way)
    async with ProxyProcess(tmp_path / "fleet", document, arguments=DETAILED) as proxy:
        assert (await proxy.get(f"{M}/v1.0.0.mod")).status == 200
        assert upstream.headers[-1]["Proxy-Authorization"] == basic("robot", first)
        put(secrets, "egress", username="other", password=(second := new_secret("second")))
        assert (await proxy.get(f"{M}/v1.1.0.mod")).status == 200
        assert upstream.headers[-1]["Proxy-Authorization"] == basic("other", second)


async def test_the_trusted_authority(upstream: FakeUpstream, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    (tmp_path / "other").mkdir()
    async with TlsUpstream(upstream, tmp_path / "tls") as server:
        put(secrets, "ca", **{"ca.crt": Authority(tmp_path / "other", "other").file.read_text()})
        document = config(secrets, goproxy=server.url, trustedCASecretName="ca")
        async with ProxyProcess(tmp_path / "fleet", document, arguments=DETAILED) as proxy:

            async def status() -> int:
                return (await proxy.get(f"{M}/v1.0.0.mod")).status

            assert await status() == 502
            put(secrets, "ca", **{"ca.crt": server.ca_file.read_text()})
            await becomes(200, status)


async def test_the_key_for_ssh(upstream: FakeUpstream, tmp_path: Path) -> None:
    secrets, module = tmp_path / "secrets", f"{ADDRESS}/lib.git"
    git = GitHost(tmp_path / "git")
    git.commit("lib", {"go.mod": f"module {module}\n", "lib.go": "package lib\n"}, "v1.0.0")
    stranger = SshHost(tmp_path / "git")
    named = [{"pattern": ADDRESS, "secretName": "key"}]
    document = config(secrets, goproxy=upstream.url, goprivate=[ADDRESS], credentials=named, directTimeout="60s")
    try:
        async with SshHost(tmp_path / "git") as host:
            put(secrets, "key", ssh__privatekey=stranger.client_key, known_hosts=host.known_hosts)
            async with ProxyProcess(tmp_path / "fleet", document, arguments=DETAILED) as proxy:
                assert (await proxy.get(f"{module}/@v/list")).status == 502
                put(secrets, "key", ssh__privatekey=host.client_key, known_hosts=stranger.known_hosts)
                assert (await proxy.get(f"{module}/@v/list")).status == 502
                put(secrets, "key", known_hosts=host.known_hosts)
                assert (await proxy.get(f"{module}/@v/list")).status == 200
    except PermissionError:
        pytest.skip("port 22 of loopback needs root here")


async def test_the_login_for_the_audit_log_s_receiver(upstream: FakeUpstream, tmp_path: Path) -> None:
    """The receiver takes nothing, so that the replica goes on to send what it has."""
    secrets = tmp_path / "secrets"
    async with TlsUpstream(upstream, tmp_path / "tls") as server:
        put(secrets, "ca", **{"ca.crt": server.ca_file.read_text()})
        put(secrets, "es", username="robot", password=(first := new_secret("first")))
        document = config(secrets, goproxy=upstream.url, trustedCASecretName="ca") | {
            "audit": {"elasticsearch": {"url": server.url, "index": "goproxy-audit", "secretName": "es"}}
        }
        async with ProxyProcess(tmp_path / "fleet", document, arguments=DETAILED) as proxy:
            await proxy.get(f"{M}/v1.0.0.mod")
            await eventually(lambda: basic("robot", first) in server.logins, "the first login is used", 60)
            put(secrets, "es", password=(second := new_secret("second")))
            await eventually(lambda: basic("robot", second) in server.logins, "the second login is used", 60)
            key = new_secret("key")
            (secrets / "es" / "password").unlink()
            (secrets / "es" / "username").unlink()
            put(secrets, "es", apiKey=key)
            await eventually(lambda: f"ApiKey {key}" in server.logins, "the API key is used", 60)
