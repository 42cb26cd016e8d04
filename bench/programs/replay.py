"""Asks a server for a list of paths over a few connections, in the order of the list, and compares every byte.

    python -m bench.programs.replay URL --paths FILE --folder FOLDER [--connections N]

The folder has the right files by their paths. Bodies are compared when the time has been taken. The output is JSON:
`seconds`; `bytes`; `wrong`, the paths whose answer was not 200 or had other bytes; and `reworded`, the `.info` files
that say the same version and time in other bytes.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import uvloop

from bench.programs.http_client import ClientConnection, connect, request


class Replay:
    """Asks for paths, and keeps the bodies; None is the body of an answer that was not 200."""

    def __init__(self, url: str, paths: list[str]) -> None:
        self.bodies: dict[str, list[bytes] | None] = {}
        self.seconds = 0.0
        self._url = url
        self._requests: Iterator[tuple[str, bytes]] = iter([(path, request(url, f"/{path}")) for path in paths])

    async def run(self, connections: int) -> None:
        """Ask for all paths."""
        opened = await connect(self._url, connections, keep=True)
        started = time.perf_counter()
        await asyncio.gather(*map(self._ask, opened))
        self.seconds = time.perf_counter() - started

    async def _ask(self, connection: ClientConnection) -> None:
        for path, wanted in self._requests:
            if not await connection.get(wanted):
                self.bodies[path] = None
                return  # the connection may be broken; the others go on
            self.bodies[path] = connection.body

    def judge(self, paths: list[str], folder: Path) -> tuple[list[str], list[str]]:
        """Return the paths that were answered wrongly, and those that were reworded."""
        wrong: list[str] = []
        reworded: list[str] = []
        for path in paths:
            pieces = self.bodies.get(path)
            if pieces is None:
                wrong.append(path)
            elif (body := b"".join(pieces)) != (right := (folder / unquote(path)).read_bytes()):
                (reworded if path.endswith(".info") and same_info(body, right) else wrong).append(path)
        return wrong, reworded


def same_info(one: bytes, other: bytes) -> bool:
    """Say whether two `.info` files name the same version and time."""
    try:
        said, right = json.loads(one), json.loads(other)
        return all(said[name] == right[name] for name in ("Version", "Time"))
    except (ValueError, KeyError, TypeError):
        return False


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--paths", type=Path, required=True, help="a file with one path a line")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    wanted = options.paths.read_text().splitlines()
    replay = Replay(options.url, wanted)
    uvloop.run(replay.run(options.connections))
    wrong, reworded = replay.judge(wanted, options.folder)
    total = sum(len(piece) for pieces in replay.bodies.values() for piece in pieces or ())
    json.dump({"seconds": replay.seconds, "bytes": total, "wrong": wrong, "reworded": reworded}, sys.stdout)
