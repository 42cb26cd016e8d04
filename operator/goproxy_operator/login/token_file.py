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
    audience: str = ""
    """What is sent as `audience`, which some providers want."""
    resource: str = ""
    """What is sent as `resource` (RFC 8707)."""


class TokenFileError(Exception):
    """A token cannot be kept or read; the message says where, why, and what to do."""


def tokens_folder() -> Path:
    """Return where tokens are kept (XDG Base Directory Specification)."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local/state") / "goproxy-operator/tokens"


class TokenFile:
    """Keeps the token of one fleet in `folder`."""

    def __init__(self, folder: Path, fleet: str) -> None:
        self._folder = folder
        self._path = folder / f"{hashlib.sha256(fleet.encode()).hexdigest()[:16]}.json"

    def read(self) -> StoredToken | None:
        """Return the token, or None where there is none. Raises `TokenFileError`."""
        try:
            token = StoredToken(**json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except OSError as e:
            raise TokenFileError(f"the token cannot be read from {self._path}: {e.strerror}") from None
        except (ValueError, TypeError):
            token = None
        if token is None or not all(isinstance(text, str) for text in (token.access, token.issuer, token.client)):
            raise TokenFileError(f"{self._path} holds no token that can be read: log out, and log in again")
        return token

    def write(self, token: StoredToken) -> None:
        """Replace the token in one step. Raises `TokenFileError`."""
        draft = self._path.with_suffix(f".{os.getpid()}.draft")
        try:
            self.prepare()
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, _MODE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), _MODE)  # a draft that was left behind may have had another mode
                json.dump(asdict(token), file)
            draft.replace(self._path)
        except OSError as e:
            draft.unlink(missing_ok=True)
            raise self._not_kept(e) from None

    def remove(self) -> bool:
        """Remove the token. Returns whether there was one. Raises `TokenFileError`."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        except OSError as e:
            raise TokenFileError(f"the token cannot be removed from {self._path}: {e.strerror}") from None
        return True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until no other process gets a token for this fleet, and keep the others waiting.

        Raises `TokenFileError`.
        """
        self.prepare()
        try:
            descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _MODE)
        except OSError as e:
            raise self._not_kept(e) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def prepare(self) -> None:
        """Make the folder, and see whether a token can be kept in it. Raises `TokenFileError`."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        except OSError as e:
            raise self._not_kept(e) from None
        if not os.access(self._folder, os.W_OK):
            raise TokenFileError(f"no token can be kept in {self._folder}: the folder is not yours to write")

    def _not_kept(self, error: OSError) -> TokenFileError:
        return TokenFileError(f"no token can be kept in {self._folder}: {error.strerror}")
