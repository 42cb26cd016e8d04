"""A long preparation that runs beside the first tests. Whoever needs its outcome asks for it, and waits on its lock."""

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
            # Nothing is lost: after a failure whoever needs the outcome tries again, and tells.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def stop(self) -> None:
        """End it if it still runs."""
        if self._process.poll() is None:
            # The session is its own: this reaches it and the compilers it started, and nothing else.
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()
