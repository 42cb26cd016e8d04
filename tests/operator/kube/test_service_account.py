"""A pod's own account; and a pod imports nothing of the official client, which would cost it 50 MiB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from goproxy_operator.kube.service_account import ServiceAccount, own_namespace

SCRIPT = """
import asyncio, sys
from pathlib import Path
from goproxy_operator.control import control
from goproxy_operator.kube.access import load_access
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.pace import Pace, paced_session

async def main():
    access = await load_access(None, folder=Path(sys.argv[1]))
    connection = await access.connection()
    client, session = ApiClient(access), paced_session(connection, Pace(lambda: 0.0))
    print(connection.server, connection.headers["Authorization"], sep="\\n")
    await client.close()
    await session.aiohttp_session.close()

asyncio.run(main())
print(sorted(name for name in sys.modules if name.partition(".")[0] == "kubernetes"))
"""


def test_a_pod_reads_its_account_and_imports_nothing_of_the_official_client(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    (tmp_path / "namespace").write_text("build\n")
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["https://[fd00::1]:6443", "Bearer secret", "[]"]


def test_what_the_account_says(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    assert ServiceAccount(tmp_path).read(refused=False).tls.authorities == b""
    (tmp_path / "ca.crt").write_bytes(b"PEM")
    assert ServiceAccount(tmp_path).read(refused=False).tls.authorities == b"PEM"
    assert own_namespace(tmp_path) is None
    (tmp_path / "namespace").write_text("build\n")
    assert own_namespace(tmp_path) == "build"
