"""How both programs read the files of a ConfigMap or Secret volume, or the files that a person edits beside a local
fleet.

A volume changes by swapping a link two folders up, and no notification of the file itself tells of such a change.
Therefore readers poll `file_mark`, and read the file anew when the mark has changed. These are the only functions of
the contract that touch a disk: they are here because both programs have to notice a change in the same way.
"""

import os
from pathlib import Path

FileMark = tuple[int, int, int, int] | None
"""Differs between two states of a file; None while there is no file."""


def file_mark(path: Path) -> FileMark:
    """Return the mark of the file that `path` leads to, links followed. Blocks for a moment."""
    try:
        status = os.stat(path)  # noqa: PTH116 - this form shows that links are followed
    except (OSError, ValueError):  # a ValueError: no file can have such a name
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def read_secret_key(folder: Path, key: str) -> str:
    """Return one key of the Secret that is mounted at `folder`, without the line breaks that editors put at its end.

    Blocks for a moment. Raises `OSError` and `UnicodeDecodeError`.
    """
    return (folder / key).read_text(encoding="utf-8").rstrip("\r\n")
