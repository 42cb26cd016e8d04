"""Runs fleets beside the real programs that clusters have: `make neighbours`, with ARGS= the names of some.

One after the other: it builds a neighbour where that was not done yet, and runs its tests. The exit code is that of the
first whose tests failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from tests.kubernetes.go_build import BuildError
from tests.kubernetes.progress import say
from tests.neighbours import programs
from tests.neighbours.chosen import VARIABLE

NEIGHBOURS: dict[str, Callable[[], object]] = {
    "kstatus": programs.kstatus,
    "argocd": programs.argocd,
    "prometheus": programs.prometheus_operator,
    "certmanager": programs.cert_manager,
    "flux": programs.flux,
    "loki": programs.loki,
    "keda": programs.keda,
}
"""Each by its name, and what builds it; in the order of how long that takes."""
_USAGE = 2
"""The exit code for a name that is not one of these."""


def main(names: Sequence[str]) -> int:
    """Run those named, or all. Returns the exit code."""
    if unknown := [name for name in names if name not in NEIGHBOURS]:
        print(f"There is no neighbour {', '.join(unknown)}: write some of {', '.join(NEIGHBOURS)}.", file=sys.stderr)
        return _USAGE
    chosen = list(names) or list(NEIGHBOURS)
    codes = {}
    for number, name in enumerate(chosen, start=1):
        say(f"neighbour {number} of {len(chosen)}: {name}")
        begun = time.monotonic()
        codes[name] = _run(name)
        outcome = "failed" if codes[name] else "passed"
        say(f"neighbour {number} of {len(chosen)}: {name} {outcome} after {time.monotonic() - begun:.0f} s")
    failed = [name for name, code in codes.items() if code]
    say(f"{len(chosen) - len(failed)} of {len(chosen)} neighbours passed{''.join(f', not {name}' for name in failed)}")
    return next((code for code in codes.values() if code), 0)


def _run(name: str) -> int:
    try:
        NEIGHBOURS[name]()
    except BuildError as e:
        print(e, file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "pytest", "-q", f"tests/neighbours/test_{name}.py"]
    return subprocess.run(command, env={**os.environ, VARIABLE: name}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
