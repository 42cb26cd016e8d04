"""The folder of a depot: files that are made once for all writers, and that are on stable storage before the answer.

obstore's folder makes a file exclusively too, by a hard link, but it brings nothing to stable storage. All of this
blocks and raises `OSError`. The names of files are those that obstore gives them, so obstore reads them.
"""

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path

from modproxy.bucket.place import PRIVATE

_STAGING = f"{PRIVATE}/staging"
_LEFT_SECONDS = 86400.0
"""A draft of this age is of a writer that has died: a publication has an hour at most."""
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


class NoLinksError(OSError):
    """The file system makes no hard links, so that no file can be made exclusively."""


class FolderFiles:
    """Writes files below a folder, and counts the bytes of all of them. Its methods may run in several threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.used_bytes = 0
        """The bytes of all files below the folder, as far as `begin` has counted them and this process has written."""

    def begin(self, *, alone: bool) -> None:
        """Remove the drafts that killed writers left, and count what is there. `alone` says that nobody else writes."""
        staging = self.root / _STAGING
        self._make_folder(staging)
        for draft in staging.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if alone or time.time() - draft.stat().st_mtime > _LEFT_SECONDS:
                    draft.unlink()
        if alone:
            found = (Path(folder) / name for folder, _, names in os.walk(self.root) for name in names)
            self.used_bytes = sum(map(_size, found))

    def create(self, key: str, body: bytes) -> bool:
        """Make a file, whole and at once. Returns False, and changes nothing, where there is one."""
        path = self.root / key
        if path.exists():
            return False
        draft = self._draft([body])
        try:
            self._make_folder(path.parent)
            try:
                os.link(draft, path)
            except FileExistsError:
                return False
            except OSError as e:
                if e.errno in _NO_LINKS:
                    raise NoLinksError(e.errno, e.strerror) from None
                raise
            _settle(path.parent)
        finally:
            draft.unlink(missing_ok=True)
        self.used_bytes += len(body)
        return True

    def put(self, key: str, pieces: Iterable[bytes]) -> None:
        """Write a file, in place of one that is there."""
        path = self.root / key
        draft = self._draft(pieces)
        try:
            self._make_folder(path.parent)
            more = _size(draft) - _size(path)
            draft.replace(path)
            _settle(path.parent)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        self.used_bytes += more

    def delete(self, key: str) -> None:
        """Remove a file, if it is there."""
        path = self.root / key
        size = _size(path)
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return
        _settle(path.parent)
        self.used_bytes -= size

    def _draft(self, pieces: Iterable[bytes]) -> Path:
        draft = self.root / _STAGING / secrets.token_hex(16)
        self._make_folder(draft.parent)
        try:
            with draft.open("xb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return draft

    def _make_folder(self, folder: Path) -> None:
        """Make a folder, and bring its name and those of the folders above that were missing to stable storage. The
        folder above the root has to be there: it may be a volume that is not mounted.
        """
        if folder.is_dir():
            return
        if folder != self.root:
            self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _settle(folder.parent)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _settle(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
