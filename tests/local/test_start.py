"""A start that fails prints one line, which says why and what to do."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest

from tests.local.local_fleet import LocalFleet, document
from tests.modproxy.fake_upstream import FakeUpstream

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


async def test_lines_in_json(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with LocalFleet(tmp_path, document(upstream.url), arguments=("--log-format", "json")) as fleet:
        await fleet.line("config in force on 1 of 1 replicas")
        assert await fleet.end(signal.SIGTERM) == 0
    lines = [json.loads(line) for line in fleet.lines]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    own = [line["message"] for line in lines if line["logger"] == "goproxy_operator.local"]
    assert own[0].startswith("export GOPROXY=http")
    replicas = [line for line in lines if line["logger"] == "modproxy"]
    assert {(line["pod"], line["fleet"]) for line in replicas} == {("team-a-0", "team-a")}
    assert any(line["message"].startswith("serving http on ") for line in replicas)


async def test_what_its_user_has_to_act_on_is_told(tmp_path: Path) -> None:
    upstream = "http://127.0.0.1:1, credentials: [{pattern: git.example.com, secretName: git}]"
    async with LocalFleet(tmp_path, document(upstream)) as fleet:
        await fleet.line("^team-a-0: Secret git is not found or not mounted yet, or has none of the keys")
        await fleet.line("config in force on 1 of 1 replicas")
        assert (await fleet.get("example.com/m/@v/list"))[0] == 502
        await fleet.line("^team-a-0: http://127.0.0.1:1 cannot be reached: Connection refused: check the address in")
