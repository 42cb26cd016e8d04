"""The files of a Go vulnerability database, from a folder, or from a server or a mirror over HTTP.

Source of the form: go.dev/security/vuln/database: `index/db.json`, `index/modules.json`, `ID/GO-....json`, and
`vulndb.zip`, which has all of them and which a mirror need not have.
"""

import asyncio
import io
import json
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from modproxy.policy.osv import ID, LARGEST_ENTRY, MOST_ENTRIES, OsvError, VulnerabilityTable, make_table, rows_of

LARGEST_INDEX = 32 << 20
"""In bytes: the index of modules has 0.7 MB."""
LARGEST_ZIP = 64 << 20
"""In bytes, which are in memory at once: the whole database has some 10 MB."""
_LARGEST_DB = 64 << 10
_AT_ONCE = 8
"""Entries that are asked for at once where there is no zip."""

Get = Callable[[str, int], Awaitable[bytes | None]]
"""Gets a file below the database's URL, of at most so many bytes; None where there is no such file. Raises
`DatabaseFaultError`.
"""


class DatabaseFaultError(Exception):
    """The database cannot be read; the message says why, in words for the keepers of the fleet."""


async def read_modified(get: Get) -> str:
    """Return what `index/db.json` says of when the database was modified last. Raises `DatabaseFaultError`."""
    data = await get("index/db.json", _LARGEST_DB)
    if data is None:
        raise DatabaseFaultError(
            "has no index/db.json: check the URL or the folder; a Go vulnerability database has one"
        )
    try:
        modified = json.loads(data)["modified"]
    except (ValueError, TypeError, KeyError, RecursionError):
        modified = None
    if not isinstance(modified, str) or not 0 < len(modified) <= 64 or not modified.isprintable():
        raise DatabaseFaultError(
            "has an index/db.json that does not say when it was modified: is it a Go vulnerability database?"
        )
    return modified


async def read_database(get: Get, modified: str) -> tuple[VulnerabilityTable, list[str]]:
    """Read all entries. Returns the table, and the names of entries that are malformed and were left out.

    Raises `DatabaseFaultError`.
    """
    packed = await get("vulndb.zip", LARGEST_ZIP)
    if packed is not None:
        return await asyncio.to_thread(_of_zip, packed, modified)
    index = await get("index/modules.json", LARGEST_INDEX)
    if index is None:
        raise DatabaseFaultError("has neither vulndb.zip nor index/modules.json")
    names = await asyncio.to_thread(_ids, index)
    waiting = iter(names)
    found: dict[str, list[tuple[str, list[Any]]]] = {}
    faults: list[str] = []

    async def take() -> None:
        for name in waiting:
            data = await get(f"ID/{name}.json", LARGEST_ENTRY)
            try:
                if data is None:
                    raise OsvError("it is in the index, and there is no such file")
                found[name] = await asyncio.to_thread(_rows, data)
            except OsvError as e:
                faults.append(f"{name}: {e}")

    await asyncio.gather(*(take() for _ in range(_AT_ONCE)))
    rows = [row for name in names for row in found.get(name, ())]
    return await asyncio.to_thread(make_table, modified, rows), faults


def _rows(data: bytes) -> list[tuple[str, list[Any]]]:
    return list(rows_of(data))


def _ids(index: bytes) -> list[str]:
    try:
        modules = json.loads(index)
    except (ValueError, RecursionError):
        modules = None
    if not isinstance(modules, list):
        raise DatabaseFaultError("has an index/modules.json that is no list")
    ids: set[str] = set()
    for module in modules:
        vulns = module.get("vulns") if isinstance(module, dict) else None
        for one in vulns if isinstance(vulns, list) else ():
            id_ = one.get("id") if isinstance(one, dict) else None
            if isinstance(id_, str) and ID.fullmatch(id_):
                ids.add(id_)
        if len(ids) > MOST_ENTRIES:
            raise DatabaseFaultError(f"has more than {MOST_ENTRIES} entries")
    return sorted(ids)


def _of_zip(packed: bytes, modified: str) -> tuple[VulnerabilityTable, list[str]]:
    faults: list[str] = []

    def rows() -> Iterator[tuple[str, list[Any]]]:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            members = [m for m in archive.infolist() if _is_entry(m.filename)]
            if len(members) > MOST_ENTRIES:
                raise DatabaseFaultError(f"has more than {MOST_ENTRIES} entries")
            for member in members:
                try:
                    with archive.open(member) as file:
                        yield from list(rows_of(file.read(LARGEST_ENTRY + 1)))
                except (OsvError, zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as e:
                    faults.append(f"{Path(member.filename).stem}: {e}")

    try:
        return make_table(modified, rows()), faults
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as e:
        raise DatabaseFaultError(f"has a vulndb.zip that cannot be read: {e}") from None


def _is_entry(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return folder.rpartition("/")[2] == "ID" and ID.fullmatch(file.removesuffix(".json")) is not None


def folder_of(url: str) -> Path | None:
    """Return the folder that a `file:` URL names; None for another URL."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


async def get_from_folder(folder: Path, name: str, largest: int) -> bytes | None:
    """Read a file of a folder; None where there is none. Raises `DatabaseFaultError`."""
    return await asyncio.to_thread(_read_file, folder / name, largest)


def _read_file(path: Path, largest: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as e:
        raise DatabaseFaultError(f"cannot be read: {e.strerror}") from None
    if len(data) > largest:
        raise DatabaseFaultError(f"has a {path.name} of more than {largest} bytes")
    return data
