"""The licences of module zips: found by the texts of their licence files, and kept on disk.

A version's files never change, so what was found is good for ever.
"""

import json
import logging
import re
import zipfile
from pathlib import Path
from typing import BinaryIO

from modproxy.facts.small_file import read_small, replace_small
from modproxy.policy.licenses import UNKNOWN
from modproxy.threads import Pool

MOST_VERSIONS = 50_000
"""Those that are forgotten are looked at once more."""
_LARGEST_TEXT = 128 << 10
"""In bytes: the longest texts of licences have some 50 KB."""
_MOST_FILES = 8
"""Licence files of one zip that are read; a zip with more has unknown ones."""
_LARGEST_RECORD = 32 << 20
_COPYRIGHT = re.compile(r"^\s*(?:Copyright|\(C\)) .*$", re.IGNORECASE | re.MULTILINE)
_LICENSE_FILE = re.compile(r"(?:LICEN[CS]E|COPYING|UNLICEN[CS]E)(?:[._-][A-Za-z0-9._-]*)?", re.IGNORECASE | re.ASCII)

log = logging.getLogger(__name__)


class Licenses:
    """Tells the licences of versions. Texts are compared in one thread, because it takes some 10 ms for each file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._pool = Pool("licence", 1)
        self._found: dict[str, tuple[str, ...]] | None = None

    def known(self, path: str, version: str) -> tuple[str, ...] | None:
        """Return what was found; None for a zip that was not looked at yet."""
        return self._records().get(f"{path}@{version}")

    async def look(self, path: str, version: str, file: BinaryIO) -> tuple[str, ...]:
        """Find the licences of an open zip, and keep them. The file's position afterwards is its beginning."""
        found = await self._pool.run(licenses_of, file, f"{path}@{version}/")
        records = self._records()
        records[f"{path}@{version}"] = found
        if len(records) > MOST_VERSIONS:
            del records[next(iter(records))]
            await self._pool.run(self._write_anew, dict(records))
        else:
            await self._pool.run(self._add, f"{path}@{version}", found)
        return found

    def _records(self) -> dict[str, tuple[str, ...]]:
        if self._found is None:
            self._found = {}
            for line in (read_small(self._file, _LARGEST_RECORD) or b"").split(b"\n"):
                try:
                    key, ids = json.loads(line)
                    self._found[str(key)] = tuple(map(str, ids))
                except (ValueError, TypeError, RecursionError):
                    continue  # a line that a killed process did not end
        return self._found

    def _add(self, key: str, found: tuple[str, ...]) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as file:
                file.write(_line(key, found))
        except OSError as e:
            log.warning("licences that were found cannot be kept: %s", e.strerror)

    def _write_anew(self, records: dict[str, tuple[str, ...]]) -> None:
        try:
            replace_small(self._file, b"".join(_line(key, found) for key, found in records.items()))
        except OSError as e:
            log.warning("licences that were found cannot be kept: %s", e.strerror)


def _line(key: str, found: tuple[str, ...]) -> bytes:
    return json.dumps([key, found]).encode() + b"\n"


def licenses_of(file: BinaryIO, prefix: str) -> tuple[str, ...]:
    """Return the SPDX identifiers of the licence files in the module's root; `UNKNOWN` for a text that is none.

    A zip without any gives nothing. Blocks; the zip was checked before.
    """
    file.seek(0)
    found: set[str] = set()
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if _is_license(name, prefix)]
            if len(names) > _MOST_FILES:
                found.add(UNKNOWN)
            for name in names[:_MOST_FILES]:
                with archive.open(name) as text:
                    found.add(_license_of(text.read(_LARGEST_TEXT + 1)))
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        found.add(UNKNOWN)
    finally:
        file.seek(0)
    return tuple(sorted(found))


def _is_license(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and _LICENSE_FILE.fullmatch(name.removeprefix(prefix)) is not None


def _license_of(text: bytes) -> str:
    """Return the licence whose text differs least, by less than a twentieth (the rule of `identify.license_id`)."""
    # Both take some MB, and most fleets have no such rule.
    from identify.vendor.licenses import LICENSES  # noqa: PLC0415
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415

    if len(text) > _LARGEST_TEXT:
        return UNKNOWN
    found, words = UNKNOWN, _plain(text.decode("utf-8", errors="replace"))
    least = len(words) // 20
    for name, known in LICENSES:
        other = _plain(known)
        if words == other:
            return name
        if abs(len(words) - len(other)) <= least:
            differs = Levenshtein.distance(words, other, score_cutoff=least)
            if differs <= least:
                found, least = name, differs - 1
    return found


def _plain(text: str) -> str:
    """Return the text without lines that say whose it is, and with single blanks."""
    return " ".join(_COPYRIGHT.sub("", text).split())
