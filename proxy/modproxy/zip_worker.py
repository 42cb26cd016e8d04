"""The process that checks and hashes zips while they are fetched: `python -m modproxy.zip_worker`.

The check is work for the interpreter, for which the threads of one process wait for each other: in a process of its own
it takes none of the time in which clients are answered. A zip that brings the check to
its end brings this process to its end, and nothing else.

It reads commands from its standard input and answers on its standard output, a JSON document on each line. It reads
the bytes of a zip from the draft, which is in the page cache. It ends with its input, so that it does not outlive its
replica.
"""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO

from modproxy.memory import keep_little
from modproxy.mod.path import ModulePath
from modproxy.mod.version import Version
from modproxy.mod.zip_arriving import ArrivingZip

_READ = 256 << 10
_NICE = 5
"""Clients come first."""


class ZipAtWork:
    """A zip that is being checked."""

    def __init__(self, file: BinaryIO, module: str, version: str) -> None:
        self._file = file
        self._zip = ArrivingZip(ModulePath(module), Version(version))
        self._at = 0

    def read_to(self, end: int) -> None:
        """Check the bytes up to this position, which the file has. Raises `OSError`."""
        while self._at < end and self._zip.usual:
            piece = self._file.read(min(_READ, end - self._at))
            if not piece:
                raise EOFError("the file is shorter than announced")
            self._at += len(piece)
            self._zip.feed(piece)

    def result(self) -> str | None:
        """Return the `h1:` hash; None for a zip that only the careful check can judge."""
        return self._zip.usual_hash(self._file)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Worker:
    """Carries out commands. `zips` are those at work, by the numbers that the replica gave them."""

    def __init__(self) -> None:
        self.zips: dict[int, ZipAtWork] = {}

    def obey(self, command: Mapping[str, Any]) -> dict[str, Any] | None:
        """Carry out one command. Returns the answer to it, if it has one.

        `zip` is a number. A command with `file`, `module` and `version` begins a zip. `to` says how many bytes of it
        there are; `end` asks for the answer, whose `h1` is None when the zip was not judged; `forget` wants no answer.
        """
        number = int(command["zip"])
        try:
            if "file" in command:
                file = open(command["file"], "rb", buffering=0)  # noqa: PTH123, SIM115 - it stays open, and Path is slow
                self.zips[number] = ZipAtWork(file, command["module"], command["version"])
            zip_ = self.zips.get(number)
            if zip_ is not None and "to" in command:
                zip_.read_to(command["to"])
            if "end" in command:
                return {"zip": number, "h1": zip_.result() if zip_ is not None else None}
        except (OSError, EOFError) as e:
            self._forget(number)
            return {"zip": number, "h1": None, "error": str(e)} if "end" in command else None
        finally:
            if "end" in command or "forget" in command:
                self._forget(number)
        return None

    def _forget(self, number: int) -> None:
        if (zip_ := self.zips.pop(number, None)) is not None:
            zip_.close()


def main() -> None:
    """Obey until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the replica too, which ends this process
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    keep_little()
    worker = Worker()
    for line in sys.stdin.buffer:
        answer = worker.obey(json.loads(line))
        if answer is not None:
            sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
