"""Ways to a real API server: plugins whose answers expire, contexts, names in certificates, and a pod's own account."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from goproxy_operator.kube.access import Access, load_access
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, UnreachableError
from goproxy_operator.kube.kubeconfig import Kubeconfig
from goproxy_operator.kube.resources import NAMESPACES, SECRETS
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.kube.user_config import executing, kubeconfig, plugin, runs
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER, OperatorProcess

WriteKubeconfig = Callable[..., Path]


@pytest.fixture
def write(control_plane: ControlPlane, tmp_path: Path) -> WriteKubeconfig:
    """Writes a kubeconfig for the API server: its user, and what else is said of the cluster."""

    def made(user: dict[str, Any], **cluster: Any) -> Path:
        there = {"server": control_plane.url, "certificate-authority": str(control_plane.ca_file)}
        return kubeconfig(tmp_path, user, there | cluster)

    return made


@asynccontextmanager
async def client(access: Access) -> AsyncIterator[ApiClient]:
    made = ApiClient(access)
    try:
        yield made
    finally:
        await made.close()


def token_of(path: Path) -> str:
    return str(yaml.safe_load(path.read_text())["users"][0]["user"]["token"])


async def answers(path: Path, context: str | None = None) -> bool:
    async with client(await load_access(path, context)) as api:
        return await api.get(NAMESPACES, None, "default") is not None


async def test_an_operator_whose_credentials_a_plugin_gives_goes_on_when_they_expire(
    installed: Path, control_plane: ControlPlane, fleet: Fleet, tmp_path: Path, write: WriteKubeconfig
) -> None:
    token = token_of(installed)
    path = plugin(tmp_path, f"answer(token={token!r}, expirationTimestamp=later(8))")
    config = write(executing(path))
    arguments = (f"--namespace={fleet.kubectl.namespace}", "--context=one")
    async with OperatorProcess(config, tmp_path / "log", *arguments) as operator:
        await operator.leading()
        await fleet.apply(replicas=0)
        await fleet.wait_condition("Ready", "False", "ScaledToZero")
        before = runs(path)
        assert before <= 3, "it is run no more often than its answers expire"

        async def renewed() -> bool:
            return runs(path) >= before + 2

        await eventually(renewed, "the plugin is run again, and again", 40)
        mark = control_plane.audit.mark()
        await fleet.apply(replicas=0, suspend=True)
        # Only kopf tells of this before the next sweep: it has logged in anew too.
        await fleet.wait_condition("Ready", "False", "Suspended")
        calls = audit.matching(control_plane.audit.since(mark), user=USER)
        assert not [call for call in calls if call.code == 401]


async def test_an_operator_whose_plugin_fails_ends_with_one_line(tmp_path: Path, write: WriteKubeconfig) -> None:
    config = write(executing(plugin(tmp_path, "sys.exit('log in with: az login')")))
    async with OperatorProcess(config, tmp_path / "log") as operator:
        assert await operator.ended() == 1
        lines = operator.log.strip().splitlines()
        assert lines[-1].startswith(f"goproxy-operator: {config}: the credential plugin failed with 1: log in with: az")
        assert "Traceback" not in operator.log


async def test_a_token_that_is_revoked_is_replaced(
    control_plane: ControlPlane, namespace: str, tmp_path: Path, write: WriteKubeconfig
) -> None:
    control_plane.kubectl("create", "serviceaccount", "jane", f"--namespace={namespace}")
    token = tmp_path / "token"
    token.write_text(control_plane.service_account_token(namespace, "jane"))
    path = plugin(tmp_path, f"answer(token=pathlib.Path({str(token)!r}).read_text())")
    access = Access(Kubeconfig(write(executing(path)), refused_pause=0), soon=0)
    async with client(access) as api:
        with pytest.raises(ApiError) as caught:
            await api.get(NAMESPACES, None, "default")
        assert caught.value.status == 403, "it is known who asks, and that is all this account may"

        control_plane.kubectl("delete", "serviceaccount", "jane", f"--namespace={namespace}")
        control_plane.kubectl("create", "serviceaccount", "jane", f"--namespace={namespace}")
        token.write_text(control_plane.service_account_token(namespace, "jane"))

        async def refused(status: int) -> bool:
            with pytest.raises(ApiError) as caught:
                await api.get(NAMESPACES, None, "default")
            return caught.value.status == status

        await eventually(lambda: refused(401), "the old token is refused", 30)
        await eventually(lambda: refused(403), "the plugin gives the new one", 30)
    assert runs(path) >= 2


async def test_a_client_certificate_of_a_plugin(
    control_plane: ControlPlane, tmp_path: Path, write: WriteKubeconfig
) -> None:
    user = yaml.safe_load(control_plane.user_kubeconfig("root", ["system:masters"]).read_text())["users"][0]["user"]
    files = [str(control_plane.kubeconfig.parent / user[key]) for key in ("client-certificate", "client-key")]
    body = (
        "c, k = (pathlib.Path(p).read_text() for p in sys.argv[1:])\nanswer(clientCertificateData=c, clientKeyData=k)"
    )
    assert await answers(write(executing(plugin(tmp_path, body), args=files)))


async def test_names_and_authorities(control_plane: ControlPlane, write: WriteKubeconfig) -> None:
    user = {"token": control_plane.admin_token}
    assert await answers(write(user))
    assert await answers(write(user, **{"tls-server-name": "localhost"}))
    with pytest.raises(UnreachableError, match="elsewhere"):
        await answers(write(user, **{"tls-server-name": "elsewhere.example"}))
    # The system trusts another authority.
    path = write(user)
    document = yaml.safe_load(path.read_text())
    del document["clusters"][0]["cluster"]["certificate-authority"]
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(UnreachableError, match="certificate verify failed"):
        await answers(path)
    document["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
    path.write_text(yaml.safe_dump(document))
    assert await answers(path)


async def test_a_context_that_is_not_the_current_one(control_plane: ControlPlane, write: WriteKubeconfig) -> None:
    path = write({"token": "of nobody"})
    document = yaml.safe_load(path.read_text())
    document["contexts"][1]["context"]["cluster"] = "c"
    document["users"][1]["user"]["token"] = control_plane.admin_token
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(ApiError, match="Unauthorized"):
        await answers(path)
    assert await answers(path, "other")


SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from goproxy_operator.kube.access import load_access
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.pace import Pace, paced_session
from goproxy_operator.kube.resources import GOPROXIES
from goproxy_operator.observed.kopf_watch import Watch

async def main():
    access = await load_access(None, folder=Path(sys.argv[1]))
    client, seen = ApiClient(access), asyncio.Event()

    async def login():
        return paced_session(await access.connection(), Pace(lambda: 0.0))

    async def served():
        return await client.serves(GOPROXIES)

    watch = asyncio.create_task(Watch(login, served, [sys.argv[2]], lambda item, gone: seen.set()).run())
    await asyncio.wait_for(seen.wait(), 30)
    watch.cancel()
    await asyncio.wait([watch])
    await client.close()

asyncio.run(main())
print(json.dumps(sorted(name for name in sys.modules if name.partition(".")[0] == "kubernetes")))
"""


async def test_a_pod_works_without_the_official_client(
    installed: Path, control_plane: ControlPlane, fleet: Fleet, tmp_path: Path
) -> None:
    await fleet.apply(replicas=0)
    (tmp_path / "token").write_text(token_of(installed))
    (tmp_path / "ca.crt").write_bytes(control_plane.ca_file.read_bytes())
    host, _, port = control_plane.url.removeprefix("https://").rpartition(":")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", SCRIPT, str(tmp_path), fleet.kubectl.namespace],
        env={"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


async def test_the_operator_acts_as_whom_its_kubeconfig_says(
    control_plane: ControlPlane, write: WriteKubeconfig, fleet: Fleet, tmp_path: Path, installed: Path
) -> None:
    """An admin's kubeconfig that acts as the operator's account: the account's rights hold, in kopf's calls too."""
    assert installed
    path = write({"token": control_plane.admin_token, "as": USER, "as-groups": ["system:authenticated", "platform"]})
    async with OperatorProcess(path, tmp_path / "log", f"--namespace={fleet.kubectl.namespace}") as operator:
        await operator.leading()
        await fleet.apply(replicas=0)
        await fleet.wait_condition("Ready", "False", "ScaledToZero")
    async with client(await load_access(path)) as api:
        with pytest.raises(ApiError, match=f'User "{USER}" cannot list resource "secrets"'):
            await api.list_page(SECRETS, None, {})
