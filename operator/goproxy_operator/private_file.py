"""Files of this user alone, which other programs read at any time: each is whole."""

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all, readable by this user alone; one that says the same already is left alone.

    One process at a time may write below the folder. Raises `OSError`.
    """
    if path.is_file() and path.read_bytes() == content:
        return
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)
