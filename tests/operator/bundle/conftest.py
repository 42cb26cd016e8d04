"""The command as a person calls it, and a module proxy that serves a checksum database."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from goproxy_operator.__main__ import main
from modproxy.mod.bundle.reading import CheckedBundle, check_bundle
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.made_bundle import database_of, hashes, record_all

PUBLIC = [("example.com/a", "v1.0.0"), ("example.com/a", "v1.1.0"), ("example.com/Upper/b/v2", "v2.0.0")]
PRIVATE = [("corp.example.com/p", "v1.0.0")]


class Ended(NamedTuple):
    """How a command has ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Coroutine[Any, Any, Ended]]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")
    for name in ("GONOSUMDB", "GOPRIVATE", "NETRC", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)

    async def run(*arguments: object) -> Ended:
        return await asyncio.to_thread(_run, [str(one) for one in arguments])

    return run


def _run(arguments: list[str]) -> Ended:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(["bundle", *arguments])
        except SystemExit as e:
            status = int(e.code or 0)
    assert "Traceback" not in err.getvalue(), err.getvalue()
    return Ended(status, out.getvalue(), err.getvalue())


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream() as found:
        for path, version in [*PUBLIC, *PRIVATE]:
            found.add(path, version, payload=f"package m // {version}\n".encode())
        yield found


@pytest.fixture
def sumdb(upstream: FakeUpstream) -> FakeSumdb:
    found = FakeSumdb()
    found.pad(600)
    record_all(upstream, found, PUBLIC)
    found.pad(20)
    found.publish(upstream.files)
    return found


def go_sum(upstream: FakeUpstream, versions: list[tuple[str, str]], *, mod_only: bool = False) -> str:
    """Write a go.sum file for made modules."""
    lines = []
    for path, version in versions:
        zip_hash, mod_hash = hashes(upstream, path, version)
        lines += [] if mod_only else [f"{path} {version} {zip_hash}\n"]
        lines += [f"{path} {version}/go.mod {mod_hash}\n"]
    return "".join(lines)


def opened(file: Path, sumdb: FakeSumdb) -> CheckedBundle:
    """Check a bundle, and return what it has."""
    with file.open("rb") as bundle:
        return check_bundle(bundle, database_of(sumdb))
