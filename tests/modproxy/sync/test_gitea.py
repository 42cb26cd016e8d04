"""A real Gitea tells a real replica of pushed tags. `make gitea` builds it (4 minutes) and runs this."""

import asyncio
import base64
import getpass
import os
import socket
import subprocess
from pathlib import Path

import aiohttp
import pytest

from tests.modproxy.git_host import HOST, Egress
from tests.modproxy.proxy_process import ProxyProcess
from tests.secrecy.registry import new_secret

PROGRAM, STATIC = os.environ.get("GITEA", ""), os.environ.get("GITEA_STATIC", "")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="Gitea takes 4 minutes to build: `make gitea` runs this test")
M = f"{HOST}/dev/mod"
INI = """RUN_USER = {user}
WORK_PATH = {data}
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://{host}/
DISABLE_SSH = true
OFFLINE_MODE = true
STATIC_ROOT_PATH = {static}
[database]
DB_TYPE = sqlite3
PATH = {data}/gitea.db
[security]
INSTALL_LOCK = true
SECRET_KEY = test
INTERNAL_TOKEN = any.test.token
[webhook]
ALLOWED_HOST_LIST = loopback
[indexer]
ISSUE_INDEXER_TYPE = db
[actions]
ENABLED = false
"""


async def test_tags_that_gitea_tells_of_are_fetched(tmp_path: Path) -> None:
    data, secret, password = tmp_path / "gitea", new_secret("hook-secret"), new_secret("gitea-password")
    data.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ini = data / "app.ini"
    user = getpass.getuser()
    ini.write_text(INI.format(user=user, data=data, port=port, host=HOST, static=STATIC))
    env = {
        **os.environ, "GITEA_WORK_DIR": str(data), "HOME": str(data), "GITEA_I_AM_BEING_UNSAFE_RUNNING_AS_ROOT": "true"
    }  # fmt: skip

    def gitea(*words: str) -> None:
        subprocess.run([PROGRAM, *words, "--config", str(ini)], env=env, check=True, capture_output=True)

    gitea("migrate")
    gitea("admin", "user", "create", "--username", "dev", "--password", password, "--email", "d@example.com", "--admin",
          "--must-change-password=false")  # fmt: skip
    with (tmp_path / "gitea.log").open("wb") as log:
        server = subprocess.Popen([PROGRAM, "web", "--config", str(ini)], env=env, stdout=log, stderr=log)  # noqa: ASYNC220 - it starts at once
    secrets = tmp_path / "secrets" / "hook"
    secrets.mkdir(parents=True)
    (secrets / "secret").write_text(secret)
    base = f"http://127.0.0.1:{port}"
    try:
        async with Egress({}) as egress:
            egress.plain[HOST] = port
            config = {
                "secretsDir": str(secrets.parent), "sync": {"modules": [HOST], "webhookSecretName": "hook"},
                "cache": {"notFoundTTL": "1h", "listTTL": "1h"},
                "upstream": {
                    "goproxy": "direct", "gosumdb": "off", "goprivate": [HOST], "insecure": [HOST],
                    "httpProxy": {"url": egress.url, "noProxy": ["127.0.0.1"]},
                },
            }  # fmt: skip
            login = base64.b64encode(f"dev:{password}".encode()).decode()
            headers = {"Authorization": f"Basic {login}"}
            async with ProxyProcess(tmp_path / "p", config) as proxy, aiohttp.ClientSession(headers=headers) as api:
                async with asyncio.timeout(20):
                    while not await _is_up(api, base):
                        await asyncio.sleep(0.1)
                assert (await api.post(f"{base}/api/v1/user/repos", json={"name": "mod"})).status == 201
                hook = {
                    "type": "gitea", "active": True, "events": ["push", "create", "delete"],
                    "config": {"url": f"{proxy.url}/-/webhook", "content_type": "json", "secret": secret},
                }  # fmt: skip
                assert (await api.post(f"{base}/api/v1/repos/dev/mod/hooks", json=hook)).status == 201
                assert (await proxy.get(f"{M}/@v/v1.0.0.info")).status == 404
                _push(tmp_path / "work", f"http://dev:{password}@127.0.0.1:{port}/dev/mod.git")
                async with asyncio.timeout(20):
                    while not all((proxy.cache / f"{M}/@v/{v}.zip").exists() for v in ("v1.0.0", "v1.1.0")):
                        await asyncio.sleep(0.1)
                assert (await proxy.get(f"{M}/@v/v1.0.0.info")).status == 200
                assert 'modproxy_webhooks_total{forge="gitea",outcome="taken"}' in await proxy.metrics()
                assert 'outcome="refused"' not in await proxy.metrics()
    finally:
        server.terminate()
        server.wait()


async def _is_up(api: aiohttp.ClientSession, base: str) -> bool:
    try:
        async with api.get(f"{base}/api/healthz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def _push(work: Path, url: str) -> None:
    work.mkdir()
    (work / "go.mod").write_text(f"module {M}\n")
    (work / "m.go").write_text("package mod\n")
    for command in (
        "init -q -b main", "add -A", "-c user.name=a -c user.email=a@example.com commit -q -m work", "tag v1.0.0",
        "tag v1.1.0", f"push -q {url} main v1.0.0 v1.1.0",
    ):  # fmt: skip
        subprocess.run(["git", *command.split()], cwd=work, check=True, capture_output=True)
