"""The script for wrk, run by a real Lua, and what wrk prints."""

from pathlib import Path
from typing import Any

import pytest
from lupa import LuaRuntime

from bench.programs.wrk import Found, parse, script


def lua(tmp_path: Path, *, fresh: bool) -> Any:
    """Load the script as wrk does: its table `wrk` has host and port."""
    paths = tmp_path / 'a "quoted" name'
    paths.write_text("/example.com/a/@v/list\n/example.com/b/@v/v1.0.0.mod\n")
    runtime = LuaRuntime()
    runtime.execute('wrk = {host = "127.0.0.1", port = 8080}')
    runtime.execute(script(paths, fresh=fresh))
    return runtime


def test_paths_are_asked_for_in_turn_with_the_headers_of_go(tmp_path: Path) -> None:
    loaded = lua(tmp_path, fresh=False).globals()
    asked = [loaded.request() for _ in range(3)]
    assert (
        asked[0]
        == asked[2]
        == (
            "GET /example.com/a/@v/list HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
            "User-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n"
        )
    )
    assert asked[1].startswith("GET /example.com/b/@v/v1.0.0.mod HTTP/1.1\r\n")


def test_a_fresh_header_is_another_one_in_every_request(tmp_path: Path) -> None:
    loaded = lua(tmp_path, fresh=True).globals()
    ids = [loaded.request().partition("X-Request-Id: ")[2] for _ in range(100)]
    assert len(set(ids)) == 100
    assert all(len(text) == 36 and text.endswith("\r\n\r\n") for text in ids)


def test_what_the_script_prints_is_found_among_what_wrk_prints() -> None:
    said = 'Running 2s test\n  Requests/sec: 1\nbench: {"requests": 12, "failed": {"read": 3, "status": 0}}\n'
    assert parse(said) == Found(12, {"read": 3})


def test_the_script_says_how_many_requests_failed_of_each_kind(tmp_path: Path) -> None:
    said: list[str] = []
    runtime = lua(tmp_path, fresh=False)
    runtime.globals().io.write = said.append
    runtime.execute(
        "done({requests = 7, errors = {connect = 0, read = 0, write = 0, status = 0, timeout = 2}}, nil, nil)"
    )
    assert parse("".join(said)) == Found(7, {"timeout": 2})


def test_a_failure_of_wrk_is_shown() -> None:
    with pytest.raises(ValueError, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:1 Connection refused\n")
