"""Small files of the private folder. Each is replaced whole: a killed process leaves the old one or the new one."""

import os
from pathlib import Path


def read_small(path: Path, largest: int) -> bytes | None:
    """Return the content; None where there is no file, or where it is larger than what is ever written. Blocks."""
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except OSError:
        return None
    return data if len(data) <= largest else None


def replace_small(path: Path, data: bytes) -> None:
    """Write the file anew. Blocks; raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.draft")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
