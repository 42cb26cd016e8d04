"""SIGKILL at any moment of runs of the schedule: what is stored is whole and right, and the next start completes it.
Every second kill comes just when the first new file is stored.

`MODPROXY_KILL_SYNCS` says how often the program is killed.
"""

import asyncio
import hashlib
import io
import os
import random
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modproxy.sync.due import next_due
from tests.kubernetes.eventually import eventually
from tests.modproxy.git_host import HOST, Egress, GitHost
from tests.modproxy.go_client import GoClient
from tests.modproxy.proxy_process import ProxyProcess

KILLS = int(os.environ.get("MODPROXY_KILL_SYNCS", "10"))
NEW_VERSIONS = 1
"""Of each module before each start."""
LATEST = 2.5
"""Seconds after the run has asked the git host, at most, at which the signal comes."""
NAMES = ("lib", "tool")
EVERY_MINUTE = "* * * * *"


@pytest.mark.timeout(120 + 5 * KILLS)
async def test_kill_at_any_moment_of_a_run(tmp_path: Path) -> None:
    async with GitHost(tmp_path / "git") as git, Egress({HOST: git.port}) as egress:
        git.open_to_all = True
        proxy = ProxyProcess(tmp_path / "proxy", _config(tmp_path, git, egress))
        state = proxy.cache / ".modproxy" / "sync.json"
        seen: dict[str, str] = {}
        wanted: set[str] = set()
        in_the_midst = 0
        try:
            for number in range(KILLS):
                wanted |= _tag(git, number)
                state.unlink(missing_ok=True)  # so that a run begins at once
                before, asked = len(_stored(proxy)), git.paths.total()
                await proxy.start()
                await eventually(partial(_asked_more, git, asked), "a run has begun")
                if number % 2:
                    await asyncio.sleep(random.uniform(0, LATEST))
                else:
                    await _more_is_stored(proxy, before)
                await proxy.kill()
                stored = _stored(proxy)
                in_the_midst += before < len(stored) and not wanted <= stored.keys()
                _same(seen, stored)
            state.unlink(missing_ok=True)
            await proxy.start()
            await eventually(lambda: wanted <= _stored(proxy).keys(), "all versions are held", seconds=60)
            await proxy.until_report(lambda one: one.sync is not None and one.sync.last_complete is not None)
            stored = _stored(proxy)
            _same(seen, stored)
            for key in sorted(wanted):
                assert hashlib.sha256((await proxy.get(key)).body).hexdigest() == stored[key], key
            client = GoClient(tmp_path / "client", proxy.url, GONOSUMDB="*")
            await client.succeed("mod", "download", *(f"{HOST}/{name}@v1.{KILLS - 1}.0" for name in NAMES))
            assert in_the_midst, "no kill came in the midst of a run: nothing was proved"
        finally:
            await proxy.__aexit__(None, None, None)


def _config(folder: Path, git: GitHost, egress: Egress) -> dict[str, Any]:
    ca = folder / "secrets" / "corp-ca"
    ca.mkdir(parents=True)
    (ca / "ca.crt").write_bytes(git.ca_file.read_bytes())
    early = min((f"fleet-{number}" for number in range(200)), key=lambda one: next_due(EVERY_MINUTE, None, 0.0, one))
    return {
        "id": early, "secretsDir": str(ca.parent),
        "sync": {"modules": [f"{HOST}/{name}" for name in NAMES], "schedule": EVERY_MINUTE},
        "upstream": {
            "goproxy": "direct", "gosumdb": "off", "goprivate": [HOST], "trustedCASecretName": "corp-ca",
            "directTimeout": "60s", "httpProxy": {"url": egress.url, "noProxy": ["127.0.0.1"]},
        },
    }  # fmt: skip


async def _more_is_stored(proxy: ProxyProcess, than: int) -> None:
    """Wait until the first of the new files is stored: the others are still to come."""
    async with asyncio.timeout(60):
        while len(_stored(proxy)) <= than:
            await asyncio.sleep(0.001)


def _asked_more(git: GitHost, than: int) -> bool:
    return git.paths.total() > than


def _tag(git: GitHost, number: int) -> set[str]:
    """Make new versions of the modules, and return the keys of their files."""
    keys = set()
    for name in NAMES:
        for patch in range(NEW_VERSIONS):
            version = f"v1.{number}.{patch}"
            files = {"go.mod": f"module {HOST}/{name}\n\ngo 1.21\n", "lib.go": f"package lib // {version}\n"}
            git.commit(name, files, version)
            keys |= {f"{HOST}/{name}/@v/{version}.{kind}" for kind in ("info", "mod", "zip")}
    return keys


def _stored(proxy: ProxyProcess) -> dict[str, str]:
    """Return the digests of the stored files of versions. Each zip is read as a whole."""
    found = {}
    for file in (proxy.cache / HOST).glob("*/@v/v*.*"):
        if file.suffix in (".info", ".mod", ".zip"):
            body = file.read_bytes()
            if file.suffix == ".zip":
                assert zipfile.ZipFile(io.BytesIO(body)).testzip() is None
            found[file.relative_to(proxy.cache).as_posix()] = hashlib.sha256(body).hexdigest()
    return found


def _same(seen: dict[str, str], stored: dict[str, str]) -> None:
    """Check that no file is lost nor changes after it was there, and note those that are new."""
    assert {key: stored.get(key) for key in seen} == seen
    seen |= stored
