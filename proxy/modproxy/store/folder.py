"""The folder of a disk store as threads see it: files are looked up, put in place and removed. All of it blocks."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from modproxy.store.draft import DiskDraft
from modproxy.store.etags import Etags
from modproxy.store.eviction import Due, Freed
from modproxy.store.files import Found, find, rename, settle, size_of
from modproxy.store.ledger import Ledger
from modproxy.store.protocol import StoredFile
from modproxy.store.tree import dirhash_key, is_dirhash, is_zip


class Settling(NamedTuple):
    """A draft that is to become the file of a key. `content` is what its ETag is made of."""

    draft: DiskDraft
    key: str
    content: bytes


class Folder:
    """Changes the files of a store, each change inside the ledger, and knows what each file is."""

    def __init__(self, root: Path, ledger: Ledger) -> None:
        self._prefix = f"{root}/"
        """Before a key, it makes a path: to join a Path takes long for each request, or for a million files."""
        self._ledger = ledger
        self._etags = Etags()

    def look_up(self, key: str) -> tuple[StoredFile, float] | None:
        """Return a file and when it was last used, in seconds since the epoch; None when it is not stored."""
        found = find(self._prefix + key)
        return None if found is None else (self._stored(key, found), found.used)

    def _stored(self, key: str, found: Found) -> StoredFile:
        content = found.content
        etag = None if content is None else self._etags.of(key, (found.size, found.modified_ns, found.inode), content)
        return StoredFile(
            key,
            found.size,
            found.modified_ns / 1e9,
            etag,
            body=None if is_zip(key) else content,
            dirhash=content.decode() if is_zip(key) and content is not None else None,
        )

    def put_in_place(self, settling: Sequence[Settling]) -> StoredFile | None:
        """Make drafts the files of their keys, all in one change. Returns the last file. Raises `OSError`."""
        file = None
        for draft, key, _ in settling:
            settle(draft.fd, Path(self._prefix + key))
        with self._ledger.changing():
            for draft, key, content in settling:
                if draft.path is None:
                    raise AssertionError("a draft without a path is not settled")
                found, replaced = rename(draft.fd, draft.path, Path(self._prefix + key), content)
                draft.path = None
                self._ledger.published(key, found.size, replaced, told=not is_dirhash(key))
                file = self._stored(key, found)
        return file

    def remove(self, key: str, due: Due) -> Freed:
        """Remove the file of a key and the hash of a zip, if the file is still due. What cannot be removed stays."""
        path = self._prefix + key
        with self._ledger.changing():
            try:
                if not due(os.stat(path, follow_symlinks=False)):  # noqa: PTH116 - see `_prefix`
                    return Freed()
                freed = self._unlink(key)
                return freed.plus(self._unlink(dirhash_key(key))) if is_zip(key) else freed
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                return Freed()

    def _unlink(self, key: str) -> Freed:
        path = self._prefix + key
        size = size_of(path)
        if size is None:
            return Freed()
        os.unlink(path)  # noqa: PTH108 - see `_prefix`
        self._etags.forget(key)
        self._ledger.removed(key, size, told=not is_dirhash(key))
        return Freed(1, size)
