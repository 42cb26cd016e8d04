"""The token by which the replicas of a local fleet know each other: a file of this user alone, new at each start."""

import os
import secrets
from pathlib import Path

FILE = "peer-token"
_BYTES = 32
"""Random bytes: nobody guesses so many."""


def write_peer_token(folder: Path) -> Path:
    """Write a new token below a folder, in place of an older one, and return its file. Raises `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / FILE
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as text:
        text.write(secrets.token_urlsafe(_BYTES))
    return file
