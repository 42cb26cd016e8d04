"""Private modules over ssh: they are fetched with the key of a Secret, and only from a host whose key is known."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.git_host import GitHost
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.ssh_host import ADDRESS, SshHost

M = f"{ADDRESS}/lib.git"
# The server's library leaves such a coroutine behind at the end of a session.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine 'Queue.join' was never awaited:RuntimeWarning")
UNPRIVILEGED = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())


@pytest.fixture
async def ssh(tmp_path: Path) -> AsyncIterator[SshHost]:
    git = GitHost(tmp_path / "git")
    git.commit("lib", {"go.mod": f"module {M}\n", "lib.go": "package lib\n"}, "v1.0.0")
    try:
        async with SshHost(tmp_path / "git") as host:
            yield host
    except PermissionError:
        pytest.skip(f"port 22 of loopback needs root here (unprivileged ports begin at {UNPRIVILEGED})")


@pytest.fixture
async def proxy(upstream: FakeUpstream, ssh: SshHost, tmp_path: Path) -> AsyncIterator[ProxyProcess]:
    folder = tmp_path / "secrets" / "deploy-key"
    folder.mkdir(parents=True)
    (folder / "ssh-privatekey").write_text(ssh.client_key)
    (folder / "known_hosts").write_text(ssh.known_hosts)
    config = {
        "secretsDir": str(tmp_path / "secrets"),
        "upstream": {
            "goproxy": upstream.url,
            "goprivate": [ADDRESS],
            "credentials": [{"pattern": ADDRESS, "secretName": "deploy-key"}],
            "directTimeout": "60s",
        },
    }
    async with ProxyProcess(tmp_path / "fleet", config) as process:
        yield process


async def test_a_module_over_ssh(proxy: ProxyProcess, ssh: SshHost) -> None:
    listed = await proxy.get(f"{M}/@v/list")
    assert (listed.status, listed.body) == (200, b"v1.0.0\n"), listed.text
    assert (await proxy.get(f"{M}/@v/v1.0.0.zip")).status == 200
    assert ssh.logins > 0
    assert "PRIVATE KEY" not in proxy.log()


async def test_a_host_whose_key_is_not_known_is_never_asked(proxy: ProxyProcess, ssh: SshHost, tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (tmp_path / "secrets" / "deploy-key" / "known_hosts").write_text(f"{ADDRESS} {other}")
    reply = await proxy.get(f"{M}/@v/list")
    assert reply.status == 502, reply.text  # an outage that the keepers of the fleet notice, and no absence
    assert ssh.logins == 0


async def test_a_secret_without_known_hosts(proxy: ProxyProcess, ssh: SshHost, tmp_path: Path) -> None:
    (tmp_path / "secrets" / "deploy-key" / "known_hosts").unlink()
    reply = await proxy.get(f"{M}/@v/list")
    assert (reply.status, "known_hosts" in reply.text) == (502, True)
    assert ssh.logins == 0
