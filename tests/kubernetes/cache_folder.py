"""The folder in which what is expensive to make is kept between runs, and its locks."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kubernetes import progress


def cache_folder() -> Path:
    """GOPROXY_OPERATOR_CACHE if that is set, else `goproxy-operator` in the user's cache folder."""
    if own := os.environ.get("GOPROXY_OPERATOR_CACHE"):
        return Path(own).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "goproxy-operator"


def cache_key(parts: Iterable[bytes]) -> str:
    """A short name for exactly these inputs of a build."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def tree_bytes(*roots: Path) -> Iterator[bytes]:
    """What a cache key has to know of files: their names, contents, and whether they are programs; in a fixed order."""
    for root in roots:
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            if path.is_file():
                yield f"{path.relative_to(root.parent)} {os.access(path, os.X_OK)}".encode()
                yield path.read_bytes()


@contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Hold the lock of a file. The kernel frees it when its holder dies, however that dies.

    While another process holds it, `waiting` is said from time to time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as lock:
        begun = told = time.monotonic()
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() - told >= progress.EVERY:
                    told = time.monotonic()
                    progress.say(f"{waiting}; waited {told - begun:.0f} s")
                time.sleep(0.1)
        yield
