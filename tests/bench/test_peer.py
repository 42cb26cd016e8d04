"""Servers of others: their command lines, and real processes."""

import asyncio
import sys
from pathlib import Path

import aiohttp
import pytest

from bench.machine.processes import tree
from bench.servers.peer import Peer, PeerError, parse_peer
from bench.servers.server import Upstream

UPSTREAM = Upstream("http://127.0.0.1:1", "sum.example.com+1+AA==")
GIVEN = {"PORT": "8080", "UPSTREAM": "http://127.0.0.1:1", "STORE": "/srv/a b"}


@pytest.mark.parametrize(
    ("command", "words", "settings"),
    [
        ("serve --listen 127.0.0.1:$PORT", ["serve", "--listen", "127.0.0.1:8080"], {}),
        ("serve ${STORE}/x '$STORE'", ["serve", "/srv/a b/x", "/srv/a b"], {}),
        ("A=1 GOPROXY=$UPSTREAM serve B=2", ["serve", "B=2"], {"A": "1", "GOPROXY": "http://127.0.0.1:1"}),
        ("'A=two words' serve", ["serve"], {"A": "two words"}),
        ("serve $UNKNOWN 5$", ["serve", "$UNKNOWN", "5$"], {}),
        ("sh -c 'serve \"$PORT\"'", ["sh", "-c", 'serve "8080"'], {}),
    ],
)
def test_a_command_is_divided_as_a_shell_does(command: str, words: list[str], settings: dict[str, str]) -> None:
    peer = parse_peer(f"other={command}")
    assert peer.name == "other"
    assert peer.command(GIVEN) == (words, settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("serve", "does not begin with a name"),
        ("=serve", "does not begin with a name"),
        ("a\nb=serve", "does not begin with a name"),
        ("nginx=serve", "choose another name"),
        ("modproxy=serve", "choose another name"),
        ("straight=serve", "choose another name"),
        ("other=", "has no command"),
        ("other=A=1", "has no command"),
        ("other=serve 'open", "cannot be divided"),
    ],
)
def test_what_names_no_peer_is_refused(text: str, message: str) -> None:
    with pytest.raises(PeerError, match=message):
        parse_peer(text)


@pytest.mark.parametrize(("command", "verifies"), [("serve", True), ("GOSUMDB=off serve", False)])
def test_whether_a_peer_verifies(command: str, verifies: bool) -> None:
    assert parse_peer(f"other={command}").verifies is verifies


def runs(pid: int) -> bool:
    """Say whether a process is there, and is no zombie whose parent has not looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_peer_runs_with_its_environment_until_the_context_is_left(tmp_path: Path) -> None:
    script = "echo $GOSUMDB >$STORE/said; exec $0 -m http.server --bind 127.0.0.1 --directory $STORE $PORT"
    # The shell expands the variables here: they are escaped from our own expansion.
    peer = Peer("other", ("sh", "-c", script.replace("$", "$$"), sys.executable))
    async with peer.serve(tmp_path / "peer", UPSTREAM) as server, aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/said") as response:
            assert (await response.text()).strip() == UPSTREAM.database
        assert server.rss_mib > 1
        pid = server.pid
    assert tree(pid) == []


async def test_all_processes_of_a_peer_are_counted_and_ended(tmp_path: Path) -> None:
    serve = f"{sys.executable} -m http.server --bind 127.0.0.1 $$PORT & sleep 60 & wait"
    async with Peer("other", ("sh", "-c", serve)).serve(tmp_path / "peer", UPSTREAM) as server:
        family = [process.pid for process in tree(server.pid)]
        assert len(family) == 3
    async with asyncio.timeout(10):
        while any(map(runs, family)):
            await asyncio.sleep(0.02)


async def test_a_peer_that_does_not_start_says_why(tmp_path: Path) -> None:
    peer = parse_peer("other=sh -c 'echo no such flag; exit 2'")
    with pytest.raises(PeerError, match=r"peer other does not listen on port \d+; it said: no such flag"):
        async with peer.serve(tmp_path / "peer", UPSTREAM):
            pass


async def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match="/nowhere/serve cannot be run: No such file"):
        async with parse_peer("other=/nowhere/serve").serve(tmp_path / "peer", UPSTREAM):
            pass
