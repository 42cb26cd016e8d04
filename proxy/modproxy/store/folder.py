"""The folder of a disk store as threads see it: files are looked up, published and removed. All of it blocks."""

import contextlib
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from modproxy.store.etags import Etags
from modproxy.store.eviction import Due, Freed
from modproxy.store.files import Found, find, read_in_pieces, rename, status_of
from modproxy.store.ledger import Ledger
from modproxy.store.pending import Outcome, Pending
from modproxy.store.protocol import LARGEST_BODY, StoredFile
from modproxy.store.stable import settle
from modproxy.store.tree import DIRHASH_SUFFIX, PRIVATE, dirhash_key, is_dirhash, is_zip, key_of, walk, zip_key
from modproxy.store.vouchers import Mark, Vouchers


class Folder:
    """Changes the files of a store, each change inside the ledger, and knows what each file is.

    `is_pending` says whether a newer file of a key is about to be published: then the store keeps the key, whatever
    happens to the older file.
    """

    def __init__(self, root: Path, ledger: Ledger, is_pending: Callable[[str], bool]) -> None:
        self._prefix = f"{root}/"
        """Before a key, it makes a path: to join a Path takes long for each request, or for a million files."""
        self._is_pending = is_pending
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

    def publish(self, pending: Sequence[Pending]) -> list[Outcome]:
        """Make pending files the files of their keys. Each fails alone, unless stable storage fails for all of them."""
        outcomes: list[Outcome] = []
        written: dict[Pending, list[Path]] = {}
        for one in pending:
            try:
                written[one] = self._write(one)
            except OSError as e:
                outcomes.append((one, e))
        try:
            drafts = [draft for drafts in written.values() for draft in drafts]
            settle(drafts, Path(self._prefix) / PRIVATE)
        except OSError as e:
            outcomes += [(one, e) for one in written]
        else:
            outcomes += [(one, self._give_name(one)) for one in written]
        for one, _ in outcomes:
            _discard(one.draft)
        return outcomes

    def _write(self, one: Pending) -> list[Path]:
        """Complete the drafts of a file: its own, and that of the hash of a zip. Returns them."""
        if one.dropped:
            return []
        drafts = [one.draft]
        Path(self._prefix + one.file.key).parent.mkdir(parents=True, exist_ok=True)
        if one.body is not None:
            one.draft.write_bytes(one.body)
        # The age that clients have been told stays, however long the file was pending.
        fetched = int(one.file.modified * 1e9)
        os.utime(one.draft, ns=(fetched, fetched))
        if one.file.voucher:
            with one.draft.open("rb") as file:
                self._vouchers.put(file.fileno(), one.file.key, one.file.voucher)
        if one.file.dirhash is not None:
            drafts.append(_draft_of_dirhash(one.draft))
            drafts[-1].write_text(one.file.dirhash)
        return drafts

    def _give_name(self, one: Pending) -> OSError | None:
        key = one.file.key
        with self._ledger.changing():
            if one.dropped:
                return None
            try:
                if one.file.dirhash is not None:
                    self._rename(_draft_of_dirhash(one.draft), dirhash_key(key))
                status = self._rename(one.draft, key)
            except OSError as e:
                return e
            mark = status.st_size, status.st_mtime_ns, status.st_ino
            if one.file.etag is not None:
                self._etags.note(key, mark, one.file.etag, one.file.voucher)
        return None

    def _rename(self, draft: Path, key: str) -> os.stat_result:
        status, replaced = rename(draft, Path(self._prefix + key))
        self._ledger.published(key, status.st_size, replaced)
        return status

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
        self._ledger.removed(key, status, told=not is_dirhash(key) and not self._is_pending(key))
        return Freed(1, status.st_size)


def _draft_of_dirhash(draft: Path) -> Path:
    return draft.with_name(draft.name + DIRHASH_SUFFIX)


def _discard(draft: Path) -> None:
    """Remove what is left of drafts. What cannot be removed goes at the next start."""
    for path in (draft, _draft_of_dirhash(draft)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
