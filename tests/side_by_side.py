"""All tests, as `make test` runs them: what needs Kubernetes beside the rest, and then the end-to-end tests.

Most tests wait more than they compute, so two parts together take little longer than the longer one. The end-to-end
tests bring up a cluster, which needs most of the machine: beside them, and after them, come tests that decide nothing
by time. Each part is a pytest of its own, and its lines begin with its name; at its end it names its slowest tests. The
last lines name the tests that failed, and sum up all parts in pytest's own form; the exit code is that of the
first part that failed.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.kubernetes.background import Background

_LIVE = "tests/operator/live"
_KUBERNETES = (_LIVE, "tests/chart", "tests/kubernetes", "tests/neighbours", "tests/prometheus", "tests/local")
"""What needs Kubernetes, and some others, so that both parts take equally long."""
_PATIENT = ("tests/operator", "tests/bench", "tests/packaging")
"""What runs beside the end-to-end tests, without those tests that need an API server."""
_NICE = ("nice", "-n", "5")
"""The end-to-end tests go first."""
_LIVE_BESIDE = ("test_refusals.py", "test_ri*.py", "test_ro*.py", "test_sc*.py", "test_se*.py", "test_st*.py")
"""Tests with an API server that run beside the others of that kind, so that both parts take equally long. Those that
give pods addresses of this machine are not among them: there are no two pods of one address.
"""
_END_TO_END = "tests/e2e"
_BUILT_AHEAD = ("collector", "kubernetes", "kstatus", "helm", "nodes", "images", "dex", "network-policies")
"""What takes long to build, and is built beside the first tests: the end-to-end tests need it, and those of traces
and of neighbours."""
_SUMMARY = re.compile(r"=+ (.*) in [0-9.]+s.* =+")
_COUNT = re.compile(r"([0-9]+) ([a-z]+)")
_FAILURE = re.compile(r"(?:FAILED|ERROR) tests/.*")
"""How pytest names a test that failed, in its short summary."""
_SLOWEST = ("--durations=15", "--durations-min=10")
"""What takes longest is named, so that whoever makes the whole shorter knows where to begin."""
_NO_TESTS = 5
"""The exit code of a pytest that has found no test."""


@dataclass
class Part:
    """One pytest: its name, its arguments, and how it ended."""

    name: str
    arguments: Sequence[str]
    before: Sequence[str] = ()
    """What starts the pytest, such as `nice`."""
    counts: Counter[str] = field(default_factory=Counter)
    """How many tests had which outcome."""
    failures: list[str] = field(default_factory=list)
    """The tests that failed, and why, a line each."""
    process: subprocess.Popen[str] | None = None

    def start(self) -> threading.Thread:
        """Start the tests, and show their lines from now on."""
        command = [*self.before, sys.executable, "-u", "-m", "pytest", "--color=no", *_SLOWEST, *self.arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        shown = threading.Thread(target=self._show, args=[self.process])
        shown.start()
        return shown

    def _show(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            print(f"{self.name:>10} | {line.rstrip()}", flush=True)
            if found := _SUMMARY.fullmatch(line.strip()):
                self.counts.update(counts_of(found[1]))
            if _FAILURE.fullmatch(line.strip()):
                self.failures.append(line.strip())
        process.wait()

    @property
    def failed(self) -> int:
        """The exit code; 0 where all is well."""
        code = 1 if self.process is None or self.process.returncode is None else self.process.returncode
        if code == 0 and not self.counts:
            return _NO_TESTS
        return code


def counts_of(summary: str) -> Counter[str]:
    """Return how many tests had which outcome, from the words of pytest's last line."""
    return Counter({outcome.removesuffix("s"): int(number) for number, outcome in _COUNT.findall(summary)})


def run(parts: Sequence[Part]) -> None:
    """Run parts side by side, to their ends."""
    for thread in [part.start() for part in parts]:
        thread.join()


def main() -> int:
    """Run all parts. Returns the exit code."""
    begun = time.monotonic()
    beside = [str(file) for name in _LIVE_BESIDE for file in sorted(Path(_LIVE).glob(name))]
    kubernetes = [*_KUBERNETES, *(f"--ignore={file}" for file in beside)]
    elsewhere = (*_KUBERNETES, *_PATIENT, _END_TO_END)
    folders = sorted(str(path) for path in Path("tests").iterdir() if next(path.glob("**/test_*.py"), None))
    rest = [*(folder for folder in folders if folder not in elsewhere), *beside]
    first = [Part("kubernetes", kubernetes), Part("rest", rest)]
    then = [Part("e2e", [_END_TO_END]), Part("patient", [*_PATIENT, f"--ignore={_LIVE}"], _NICE)]
    parts = [*first, *then]

    def stop(number: int, _frame: FrameType | None) -> None:
        for part in parts:
            if part.process is not None and part.process.poll() is None:
                part.process.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    ahead = Background("tests.kubernetes.prepare", *_BUILT_AHEAD)
    try:
        run(first)
    finally:
        ahead.stop()
    run(then)
    total = sum((part.counts for part in parts), Counter[str]())
    words = ", ".join(f"{count} {outcome}" for outcome, count in sorted(total.items())) or "no tests ran"
    for part in parts:
        for failure in part.failures:
            print(f"{part.name:>10} | {failure}")
    print(f"{f' {words} in {time.monotonic() - begun:.2f}s ':=^100}")
    return next((part.failed for part in parts if part.failed), 0)


if __name__ == "__main__":
    sys.exit(main())
