"""Runs a long preparation beside the first tests. A test that needs the outcome asks for it, and waits on its lock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Background:
    """`python -m MODULE ARGUMENTS` as a process of its own."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            # A failure is not told here: the test that needs the outcome tries again, and tells it.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def stop(self) -> None:
        """End the process if it still runs."""
        if self._process.poll() is None:
            # The process leads a session: the signal reaches it and the compilers that it started, and nothing else.
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()
