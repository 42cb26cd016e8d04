"""golang.org/x/mod itself, which packs trees beside us."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kubernetes import go_build
from tests.kubernetes.go_build import GoBuild

_MODULE = Path(__file__).parent / "xmod"
Xmod = Callable[..., str]


@pytest.fixture(scope="session")
def xmod() -> Xmod:
    """Returns what the program xmod prints: the hash of its zip, or why it refuses the tree."""
    built = GoBuild(
        name="xmod", title="golang.org/x/mod", module=_MODULE, packages=(".",), sources=(_MODULE / "main.go",)
    )
    program = go_build.ensure(built) / "xmod"

    def run(*arguments: str | Path) -> str:
        return subprocess.run([program, *arguments], check=True, capture_output=True, text=True, timeout=60).stdout

    return run
