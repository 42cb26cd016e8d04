"""The folder of a disk store as threads see it: files are looked up, published and removed. All of it blocks."""

import contextlib
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from modproxy.store.etags import Etags
from modproxy.store.eviction import Due, Freed
from modproxy.store.files import Found, completed, find, read_in_pieces, rename, seconds_of, status_of
from modproxy.store.ledger import Ledger
from modproxy.store.pending import Outcome, Pending
from modproxy.store.protocol import LARGEST_BODY, StoredFile
from modproxy.store.stable import settle
from modproxy.store.tree import DIRHASH_SUFFIX, PRIVATE, dirhash_key, is_dirhash, is_zip, key_of, walk, zip_key
from modproxy.store.vouchers import Mark, Vouchers


class _Written(NamedTuple):
    """A draft that is complete: its file, the key that it is for, and the state of the file."""

    path: str
    key: str
    status: os.stat_result


class Folder:
    """Changes the files of a store, each change inside the ledger, and knows what each file is.

    `is_expected` says whether a newer file of a key has still to come: then the store keeps the key, whatever happens
    to the older file.
    """

    def __init__(self, root: Path, ledger: Ledger) -> None:
        self._prefix = f"{root}/"
        """Before a key, it makes a path: to join a Path takes long for each request, or for a million files."""
        self.is_expected: Callable[[str], bool] = lambda _: False
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
                return StoredFile(
                    key, found.size, seconds_of(found.modified_ns), None, voucher=self._voucher_of(key, mark)
                )
            known = self._etags.of(key, mark, (content,))
            dirhash = content.decode()
            return StoredFile(key, found.size, seconds_of(found.modified_ns), known.tag, None, dirhash, known.voucher)
        known = self._etags.of(key, mark, read_in_pieces(self._prefix + key) if content is None else (content,))
        body = content if found.size <= LARGEST_BODY else None
        return StoredFile(key, found.size, seconds_of(found.modified_ns), known.tag, body, None, known.voucher)

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

    def publish(self, pending: Sequence[Pending]) -> list[Outcome]:
        """Make pending files the files of their keys. Each fails alone, unless stable storage fails for all of them."""
        outcomes: list[Outcome] = []
        written: dict[Pending, list[_Written]] = {}
        for one in pending:
            try:
                written[one] = [] if one.dropped else self._write(one)
            except OSError as e:
                outcomes.append((one, e))
        try:
            settle([draft.path for drafts in written.values() for draft in drafts], self._prefix + PRIVATE)
        except OSError as e:
            outcomes += [(one, e) for one in written]
        else:
            outcomes += [(one, self._give_names(one, drafts)) for one, drafts in written.items()]
        for one, error in outcomes:
            if error is not None or one.dropped:
                _discard(one.draft)
        return outcomes

    def _write(self, one: Pending) -> list[_Written]:
        """Complete the drafts of a file: that of the hash of a zip, and its own."""
        drafts: list[_Written] = []
        file, path = one.file, str(one.draft)
        if file.dirhash is not None:
            with completed(path + DIRHASH_SUFFIX, file.dirhash.encode(), file.modified) as fd:
                drafts.append(_Written(path + DIRHASH_SUFFIX, dirhash_key(file.key), os.fstat(fd)))
        with completed(path, one.body, file.modified) as fd:
            if file.voucher:
                self._vouchers.put(fd, file.key, file.voucher)
            drafts.append(_Written(path, file.key, os.fstat(fd)))
        return drafts

    def _give_names(self, one: Pending, drafts: Sequence[_Written]) -> OSError | None:
        with self._ledger.changing():
            if one.dropped:
                return None
            try:
                if one.file.dirhash is not None:
                    self._make_way(one.file.key)
                for draft in drafts:
                    replaced = rename(draft.path, self._prefix + draft.key)
                    self._ledger.published(draft.key, draft.status.st_size, replaced)
            except OSError as e:
                return e
            one.placed = True
            if one.file.etag is not None:
                status = drafts[-1].status
                mark = status.st_size, status.st_mtime_ns, status.st_ino
                self._etags.note(one.file.key, mark, one.file.etag, one.file.voucher)
        return None

    def _make_way(self, key: str) -> None:
        """Remove the zip that another one replaces: a process that is killed before the second rename would leave it
        with a hash that is not its own.
        """
        if (old := status_of(self._prefix + key)) is not None:
            os.unlink(self._prefix + key)  # noqa: PTH108 - see `_prefix`
            self._ledger.removed(key, old, told=False)

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
        self._ledger.removed(key, status, told=not is_dirhash(key) and not self.is_expected(key))
        return Freed(1, status.st_size)


def _discard(draft: Path) -> None:
    """Remove what is left of drafts. What cannot be removed goes at the next start."""
    for path in (draft, draft.with_name(draft.name + DIRHASH_SUFFIX)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
