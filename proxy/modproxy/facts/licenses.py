"""The licences of module zips: found by the texts of their licence files, and kept on disk.

A version's files never change, so what was found is good for ever.
"""

import json
import logging
import re
import zipfile
from functools import lru_cache
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
_WHOSE = re.compile(
    r"^[^A-Za-z(]*(?:Copyright\s*(?:\(c\)|©|[0-9\[<])|\(c\) |All rights reserved).*$", re.IGNORECASE | re.MULTILINE
)
_END = "END OF TERMS AND CONDITIONS"
_ONE_OF = 16
"""One word of so many may differ: names of owners and titles do, and another licence differs in more."""
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
    if name.endswith(".go"):
        return False
    return name.startswith(prefix) and _LICENSE_FILE.fullmatch(name.removeprefix(prefix)) is not None


def _license_of(text: bytes) -> str:
    """Return the licence whose words differ least, and in few of them."""
    # It takes some MB, and most fleets have no such rule.
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415

    if len(text) > _LARGEST_TEXT:
        return UNKNOWN
    found, words = UNKNOWN, _words(text.decode("utf-8", errors="replace"))
    least = len(words) // _ONE_OF
    for name, known in _known():
        if abs(len(words) - len(known)) <= least:
            differs = Levenshtein.distance(words, known, score_cutoff=least)
            if differs <= least:
                found, least = name, differs - 1
    return found


@lru_cache(1)
def _known() -> list[tuple[str, list[str]]]:
    from identify.vendor.licenses import LICENSES  # noqa: PLC0415 - see above

    whole = [(name, text) for name, text in LICENSES]
    # Many leave out what a licence says on how to apply it.
    short = [(name, text.partition(_END)[0]) for name, text in LICENSES if _END in text]
    return [(name, _words(text)) for name, text in whole + short]


def _words(text: str) -> list[str]:
    """Return the words without lines that say whose the text is. Numbers and signs of lists differ most."""
    return re.findall("[a-z]+", _WHOSE.sub("", text).lower())
