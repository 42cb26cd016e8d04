"""Servers of others, by the command that starts one: `--peer NAME='COMMAND'`."""

import asyncio
import contextlib
import os
import re
import shlex
import signal
from asyncio.subprocess import STDOUT
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from bench.machine.cores import CORES, bound
from bench.servers.listening import free_port, until_listening
from bench.servers.ours import NAME as OURS
from bench.servers.server import Server, Upstream

_TAKEN = {OURS, "nginx", "straight"}
_TAIL = 1000
"""Characters of a peer's output in an error."""


class PeerError(ValueError):
    """The text names no peer, or the peer did not start; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Holds the name and the command of a peer, as the words of a shell.

    The command has PORT, UPSTREAM, STORE and GOSUMDB in its environment, and `$PORT` or `${PORT}` in a word stands for
    the value. Words `VARIABLE=value` before the command's name set more of its environment.
    """

    name: str
    words: tuple[str, ...]

    @property
    def verifies(self) -> bool:
        """Whether its words leave the checksum database on."""
        return self.command({})[1].get("GOSUMDB") != "off"

    def command(self, given: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
        """Return the arguments, and the environment that the words set. `given` is the environment for `$NAME`."""
        words = [Template(word).safe_substitute(given) for word in self.words]
        settings: dict[str, str] = {}
        while words and (found := re.fullmatch(r"([A-Za-z_]\w*)=(.*)", words[0], re.DOTALL)):
            settings[found[1]] = found[2]
            words.pop(0)
        return words, settings

    @asynccontextmanager
    async def serve(self, folder: Path, upstream: Upstream, core: int | None = CORES.server) -> AsyncIterator[Server]:
        """Run it until the context is left. Raises `PeerError`."""
        store = folder / "store"
        store.mkdir(parents=True)
        port = free_port()
        given = {"PORT": str(port), "UPSTREAM": upstream.url, "STORE": str(store), "GOSUMDB": upstream.database}
        words, settings = self.command({**os.environ, **given})
        log = folder / "log"
        with bound(core), log.open("wb") as output:
            try:
                process = await asyncio.create_subprocess_exec(
                    *words, env={**os.environ, **given, **settings}, stdin=asyncio.subprocess.DEVNULL,
                    stdout=output, stderr=STDOUT, start_new_session=True,
                )  # fmt: skip
            except OSError as e:
                raise PeerError(f"peer {self.name}: {words[0]} cannot be run: {e.strerror}") from None
        try:
            if not await until_listening(port, process):
                said = log.read_text(errors="replace").strip()[-_TAIL:]
                raise PeerError(f"peer {self.name} does not listen on port {port}; it said: {said or 'nothing'}")
            yield Server(self.name, f"http://127.0.0.1:{port}", process.pid, store)
        finally:
            # The process leads a session of its own, so that this reaches what it started, and nothing else.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def parse_peer(text: str) -> Peer:
    """Read NAME=COMMAND. Raises `PeerError`."""
    name, equals, command = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/+ -]{0,39}", name):
        raise PeerError(f"{text!r} does not begin with a name: write --peer NAME='COMMAND'")
    if name in _TAKEN:
        raise PeerError(f"{name!r} is the name of a server that is measured anyway: choose another name")
    try:
        words = tuple(shlex.split(command))
    except ValueError as e:
        raise PeerError(f"the command of peer {name} cannot be divided into words: {e}") from None
    peer = Peer(name, words)
    if not peer.command({})[0]:
        raise PeerError(f"peer {name} has no command: write --peer {name}='program --listen 127.0.0.1:$PORT'")
    return peer
