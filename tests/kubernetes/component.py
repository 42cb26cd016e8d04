"""Runs one program of the control plane as a process, which is awaited, paused and ended by its process id."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

POLL = 0.02  # seconds between two looks at whether a program is ready
TAIL = 30  # lines of a program's log in an error

# Outside the ranges from which Linux and macOS take the local ports of outgoing connections: a client that keeps trying
# to connect to a server that restarts would otherwise get the server's own port one day, and keep it.
_PORTS = range(20_000, 32_000)


class ComponentError(Exception):
    """A program ended, or did not become ready; the message has the end of its log."""


class Component:
    """A program with its log file. `ready` is asked again and again after each start, until it says yes."""

    def __init__(self, command: Sequence[str | Path], log: Path, ready: Callable[[], bool]) -> None:
        self.name = Path(command[0]).name
        self._command = command
        self._log = log
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id. ComponentError when it does not run."""
        return self._running().pid

    def start(self) -> None:
        """Start the program and return at once. The caller calls `kill` in the end."""
        if self._process is not None and self._process.poll() is None:
            raise ComponentError(f"{self.name} runs already, with process id {self._process.pid}: end it first")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                # We hold the other end of its standard input: if we are killed, the program ends too (see main.go).
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._log.parent,
                env={"PATH": os.defpath, "HOME": str(self._log.parent), "KUBE_EXIT_WITH_STDIN": "1"},
                # An interrupt from the keyboard is for the tests alone: they still need the servers to clean up.
                start_new_session=True,
            )

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Wait until the program is ready. ComponentError when it ends, or is not ready in time."""
        process = self._running()
        deadline = time.monotonic() + seconds
        while True:
            ready = self._ready()
            # This comes first: if another program had our port, that program would say yes.
            if process.poll() is not None:
                raise ComponentError(f"{self.name} ended with {process.returncode}. {self._tail()}")
            if ready:
                return
            if time.monotonic() > deadline:
                raise ComponentError(f"{self.name} is not ready after {seconds:.0f} s. {self._tail()}")
            time.sleep(POLL)

    def pause(self) -> None:
        """Freeze the program: its connections stay open and nobody answers, as when a machine hangs."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the program go on after a pause."""
        self._running().send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the program at once, even if it is paused; do nothing when it does not run."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ComponentError(f"{self.name} does not run: start it first")
        return self._process

    def _tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-TAIL:]
        return "\n".join([f"The end of {self._log}:", *lines])


def free_ports(count: int) -> list[int]:
    """Some ports of 127.0.0.1 on which nobody listens now."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise ComponentError(f"there are no {count} free ports on 127.0.0.1 between {_PORTS.start} and {_PORTS.stop}")
