"""The folder of a disk store as threads see it: files are looked up, put in place and removed. All of it blocks."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from modproxy.store.draft import DiskDraft
from modproxy.store.etags import Etags
from modproxy.store.eviction import Due, Freed
from modproxy.store.files import Found, find, read_in_pieces, rename, settle, status_of
from modproxy.store.ledger import Ledger
from modproxy.store.protocol import LARGEST_BODY, StoredFile
from modproxy.store.tree import PRIVATE, dirhash_key, is_dirhash, is_zip, key_of, walk, zip_key
from modproxy.store.vouchers import Mark, Vouchers


class Settling(NamedTuple):
    """A draft that is to become the file of a key. `content` is what its ETag is made of."""

    draft: DiskDraft
    key: str
    content: bytes
    voucher: str = ""


class Folder:
    """Changes the files of a store, each change inside the ledger, and knows what each file is."""

    def __init__(self, root: Path, ledger: Ledger) -> None:
        self._prefix = f"{root}/"
        """Before a key, it makes a path: to join a Path takes long for each request, or for a million files."""
        self._ledger = ledger
        self._vouchers = Vouchers(root / PRIVATE / "vouchers")
        self._etags = Etags(self._voucher_of)

    def look_up(self, key: str) -> tuple[StoredFile, float] | None:
        """Return a file and when it was last used, in seconds since the epoch; None when it is not stored."""
        found = find(self._prefix + key)
        return None if found is None else (self._stored(key, found), found.used)

    def _stored(self, key: str, found: Found) -> StoredFile:
        content, mark = found.content, (found.size, found.modified_ns, found.inode)
        if is_zip(key):
            if content is None:
                return StoredFile(key, found.size, found.modified_ns / 1e9, None, voucher=self._voucher_of(key, mark))
            known = self._etags.of(key, mark, (content,))
            dirhash = content.decode()
            return StoredFile(key, found.size, found.modified_ns / 1e9, known.tag, None, dirhash, known.voucher)
        known = self._etags.of(key, mark, read_in_pieces(self._prefix + key) if content is None else (content,))
        body = content if found.size <= LARGEST_BODY else None
        return StoredFile(key, found.size, found.modified_ns / 1e9, known.tag, body, None, known.voucher)

    def _voucher_of(self, key: str, mark: Mark) -> str:
        return self._vouchers.get(self._prefix + key, key, mark)

    def count(self) -> None:
        """Count the files of a former process, and remove hashes whose zips are gone."""
        root = Path(self._prefix)
        for entry in walk(root):
            key = key_of(root, entry)
            with self._ledger.changing():
                status = status_of(entry.path)
                if status is not None:
                    self._ledger.counted(key, status)
            if is_dirhash(key):
                # A process that was killed between two renames leaves a hash without its zip.
                self.remove(key, partial(self._is_orphan, key))
        self._ledger.counted_all()

    def put_in_place(self, settling: Sequence[Settling]) -> StoredFile | None:
        """Make drafts the files of their keys, all in one change. Returns the last file. Raises `OSError`."""
        file = None
        for draft, key, _, voucher in settling:
            if voucher:
                self._vouchers.put(draft.fd, key, voucher)
            settle(draft.fd, Path(self._prefix + key))
        with self._ledger.changing():
            for draft, key, content, _ in settling:
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

    def _is_orphan(self, hash_key: str, _: os.stat_result) -> bool:
        return status_of(self._prefix + zip_key(hash_key)) is None

    def _unlink(self, key: str) -> Freed:
        path = self._prefix + key
        status = status_of(path)
        if status is None:
            return Freed()
        os.unlink(path)  # noqa: PTH108 - see `_prefix`
        self._etags.forget(key)
        self._vouchers.forget(key)
        self._ledger.removed(key, status, told=not is_dirhash(key))
        return Freed(1, status.st_size)
