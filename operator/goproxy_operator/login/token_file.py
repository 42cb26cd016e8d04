"""The tokens of one person, a file for each fleet, which the person alone may read.

The go command runs three helpers at once, and each of them may find that the token has expired. The lock lets one of
them get a new token, which the others then find.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

_MODE = 0o600
_FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class StoredToken:
    """What is kept of a login."""

    fleet: str
    issuer: str
    client: str
    access: str = field(repr=False)
    expires: float = 0.0
    """In seconds since the epoch."""
    refresh: str | None = field(default=None, repr=False)
    secret_file: str | None = None
    """Where the secret of a client without a person is."""
    scope: str = ""


class TokenFile:
    """Keeps the token of one fleet in `folder`."""

    def __init__(self, folder: Path, fleet: str) -> None:
        self._folder = folder
        self._path = folder / f"{hashlib.sha256(fleet.encode()).hexdigest()[:16]}.json"

    def read(self) -> StoredToken | None:
        """Return the token; None without one, and for a file that cannot be read as one."""
        try:
            return StoredToken(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, token: StoredToken) -> None:
        """Replace the token in one step. Raises `OSError`."""
        self._make_folder()
        draft = self._path.with_suffix(f".{os.getpid()}.draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, _MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), _MODE)  # a draft that was left behind may have had another mode
            json.dump(asdict(token), file)
        draft.replace(self._path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until no other process gets a token for this fleet, and keep the others waiting. Raises `OSError`."""
        self._make_folder()
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _make_folder(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
