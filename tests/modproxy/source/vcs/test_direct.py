"""Version control by way of the go command: its answers, its errors, and its time limit."""

import os
import stat
import time
from pathlib import Path

import pytest

from modproxy.contract.config import CredentialConfig
from modproxy.source.protocol import NotFound, SourceError, Unavailable
from modproxy.source.vcs.direct import Direct, DirectSettings
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.outbound import Outbound
from tests.modproxy.making import request
from tests.modproxy.source.fake_source import read

LIST, INFO = "example.com/m/@v/list", "example.com/m/@v/v1.0.0.info"


def direct(folder: Path, timeout: float = 10, *entries: CredentialConfig) -> Direct:
    credentials = Credentials(entries, folder)
    outbound = Outbound(credentials, None, None, folder, folder / "bundle.pem")
    return Direct(DirectSettings(folder / "work", timeout, "", credentials, outbound))


def go(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program with the name go first on the PATH. It prints what the real one prints, and needs no network."""
    file = folder / "bin" / "go"
    file.parent.mkdir()
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{file.parent}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("script", "path", "expected"),
    [
        ("""echo '{"Versions": ["v1.0.0", "v1.1.0"]}'""", LIST, b"v1.0.0\nv1.1.0\n"),
        ("echo '{}'", LIST, b""),
        ("""echo '{"Version": "v1.0.0", "Dir": "/x", "Origin": {"VCS": "git"}}'""", INFO,
         b'{"Version":"v1.0.0","Origin":{"VCS":"git"}}'),
    ],
)  # fmt: skip
async def test_what_the_go_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, path: str, expected: bytes
) -> None:
    go(tmp_path, monkeypatch, script)
    assert await read(direct(tmp_path), request(path)) == expected
    assert not list((tmp_path / "work").iterdir()), "the workspace is gone"


@pytest.mark.parametrize(
    ("script", "kind", "status"),
    [
        ("echo 'unknown revision v1.0.0' >&2; exit 1", NotFound, 404),
        ("""echo '{"Error": "invalid version: unknown revision"}'; exit 1""", NotFound, 404),
        ("""echo '{"Error": {"Err": "503 Service Unavailable"}}'""", Unavailable, 502),
        ("echo noise; exit 1", Unavailable, 502),
    ],
)
async def test_what_it_says_went_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, kind: type[SourceError], status: int
) -> None:
    go(tmp_path, monkeypatch, script)
    with pytest.raises(SourceError) as caught:
        await read(direct(tmp_path), request(INFO))
    assert (type(caught.value), caught.value.status) == (kind, status)


def runs(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


async def test_what_takes_too_long_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path, monkeypatch, f"sleep 60 & echo $! >{tmp_path}/pid; wait")
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="did not answer within 1 s") as caught:
        await read(direct(tmp_path, 1), request(INFO))
    assert caught.value.status == 504
    assert time.monotonic() - begun < 30
    child = int((tmp_path / "pid").read_text())
    assert not runs(child)


async def test_what_it_needs_and_has_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = CredentialConfig(pattern="example.com", secret_name="login")
    with pytest.raises(Unavailable, match="Secret login is missing"):
        await read(direct(tmp_path, 10, missing), request(INFO))
    with pytest.raises(NotFound, match="not in version control"):
        await read(direct(tmp_path), request("sumdb/sum.example.com/latest"))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unavailable, match="no go command here"):
        await read(direct(tmp_path), request(INFO))
