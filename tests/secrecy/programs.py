"""What the programs of a machine show of themselves: command lines, environments, temporary files.

git, go and ssh run too shortly to be looked at from outside. So a folder of programs with their names goes before the
others in PATH: each notes how it was started, and then becomes the real one.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.secrecy.watch import Watch

NAMES = ("git", "go", "ssh")
# A home below the folder `direct` is the workspace of a fetch: its files are noted too.
_SCRIPT = """#!/bin/sh
note={notes}/$$-{name}
{{ tr '\\000' '\\n' </proc/$$/cmdline; }} >"$note.cmdline"
{{ tr '\\000' '\\n' </proc/$$/environ; }} >"$note.environ"
case "$HOME" in */direct/*)
  find "$HOME" -maxdepth 2 -type f -name 'key[0-9]*' -exec cat {{}} + >"$note.key" 2>/dev/null
  find "$HOME" -maxdepth 2 -type f ! -name 'key[0-9]*' -size -64k -exec cat {{}} + >"$note.workspace" 2>/dev/null
esac
exec {real} "$@"
"""


class Programs:
    """Programs that note how they were started. `path` is the folder for PATH."""

    def __init__(self, folder: Path, real: str) -> None:
        self.path = folder / "bin"
        self._notes = folder / "notes"
        self.path.mkdir(parents=True)
        self._notes.mkdir()
        for name in NAMES:
            if (found := shutil.which(name, path=real)) is not None:
                program = self.path / name
                program.write_text(_SCRIPT.format(notes=self._notes, name=name, real=found))
                program.chmod(0o755)

    def tell(self, watch: Watch) -> None:
        """Tell what the programs have noted so far, and forget it."""
        notes = {note: note.read_bytes() for note in self._notes.iterdir()}
        for note, data in notes.items():
            note.unlink()
            name, kind = note.name.partition("-")[2].rsplit(".", 1)
            words = notes.get(note.with_suffix(".cmdline"), b"").decode(errors="replace").split()
            watch.saw(f"{kind} of {' '.join(['go', *words[-2:]]) if _is_go_env(words[-3:]) else name}", data)


@cache
def programs() -> Programs:
    """Return the programs of this test session, for the PATH of each program that is tested."""
    folder = tempfile.mkdtemp(prefix="noting-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # A machine without Go uses the go command of the virtual environment.
    return Programs(Path(folder), f"{os.environ['PATH']}:{Path(sys.executable).parent}")


def _is_go_env(words: list[str]) -> bool:
    return len(words) == 3 and Path(words[0]).name == "go" and words[1] == "env"


def look_at_process(watch: Watch, name: str, pid: int) -> None:
    """Note the command line and the environment of a process and of all that it has started."""
    process = Path("/proc") / str(pid)
    try:
        command = (process / "cmdline").read_bytes()
        watch.saw(f"cmdline of {name}", command.replace(b"\0", b"\n"))
        watch.saw(f"environ of {name}", (process / "environ").read_bytes().replace(b"\0", b"\n"))
        children = [pid for task in (process / "task").iterdir() for pid in (task / "children").read_text().split()]
    except OSError:
        return
    for child in children:
        words = _command(child)
        look_at_process(watch, words, int(child))


def _command(pid: str) -> str:
    try:
        words = (Path("/proc") / pid / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "gone"
    first = Path(words[0]).name
    if _is_go_env(words[-4:-1]):
        return " ".join(["go", *words[-3:-1]])
    return f"python {' '.join(words[1:4])}" if first.startswith("python") else first
