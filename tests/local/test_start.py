"""A start that fails prints one line, which says why and what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.local.local_fleet import LocalFleet, document

UPSTREAM = "https://proxy.invalid"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("spec: [\n", "goproxy.yaml: line 2, column 1: not YAML: "),
        (document(UPSTREAM, "  replica: 3\n"), "goproxy.yaml: spec.replica: unknown field: remove it"),
        (document(UPSTREAM).replace("GoProxy", "GoProxie"), "goproxy.yaml: line 1: apiVersion "),
        (document(UPSTREAM) + "---\n" + document(UPSTREAM, name="b"), "goproxy.yaml: 2 GoProxy objects: write one"),
    ],
)
async def test_a_bad_file(tmp_path: Path, text: str, told: str) -> None:
    async with LocalFleet(tmp_path, text) as fleet:
        assert await fleet.exit_code() == 2
    assert len(fleet.lines) == 1
    assert told in fleet.lines[0]


async def test_no_file(tmp_path: Path) -> None:
    fleet = LocalFleet(tmp_path, "")
    fleet.file.unlink()
    async with fleet:
        assert await fleet.exit_code() == 2
    assert len(fleet.lines) == 1
    assert "goproxy.yaml: cannot be read (No such file or directory)" in fleet.lines[0]


async def test_a_taken_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        async with LocalFleet(tmp_path, document(UPSTREAM), listen) as fleet:
            assert await fleet.exit_code() == 1
    assert len(fleet.lines) == 1
    assert f"{listen} is taken by another program: stop that one, or choose another with --listen" in fleet.lines[0]


async def test_two_runners_on_one_folder(tmp_path: Path) -> None:
    async with LocalFleet(tmp_path, document(UPSTREAM)) as first:
        await first.line("started")
        async with LocalFleet(tmp_path, document(UPSTREAM)) as second:
            assert await second.exit_code() == 1
        holder = int((first.data / "lock").read_text())
        assert len(second.lines) == 1
        assert f"is in use by another runner, pid {holder}: stop that one, or name another" in second.lines[0]


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    async with LocalFleet(tmp_path, document(UPSTREAM)) as fleet:
        assert await fleet.exit_code() == 1
    assert len(fleet.lines) == 1
    assert "data: File exists: " in fleet.lines[0]
