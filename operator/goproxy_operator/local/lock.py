"""A data folder has one runner. Two would write the same configs and evict each other's files."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderInUseError(Exception):
    """Another runner holds the folder; the message names its pid and what to do."""


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold `folder` while the context is open, and make it if there is none. Raises `FolderInUseError` and `OSError`.

    The kernel releases the lock when its holder ends, however that ends. The file stays.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read(32).strip() or "unknown"
            raise FolderInUseError(
                f"{folder} is in use by another runner, pid {holder}: "
                "stop that one, or name another folder with --data-dir"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
