"""Entries of the Go vulnerability database, as the policy needs them. Pure.

Source of the rules: the OSV schema, version 1.3.1, and go.dev/security/vuln/database. Everything comes from outside:
an entry that is not of this form is refused with `OsvError`, and harms no other entry.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from modproxy.mod.semver_ranges import Event, Range, affected

ID = re.compile(r"GO-[0-9]{4}-[0-9]{4,8}", re.ASCII)
LARGEST_ENTRY = 1 << 20
"""In bytes: the largest entries have some 50 KiB."""
MOST_ENTRIES = 200_000
"""Forty times what the database has."""
_MOST_EVENTS = 20_000
"""Of one entry: the largest have some hundred."""
_LONGEST_PATH = 512
_LONGEST_VERSION = 256
_MOST_READ = 256
"""Modules whose entries are kept in their read form."""


class OsvError(ValueError):
    """The document is no entry; the message says why."""


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """What the database says of one module in one entry."""

    id: str
    reviewed: bool
    custom: bool
    """Whether the real bounds are `custom_ranges`, in versions that Go cannot order."""
    ranges: tuple[Range, ...]

    @property
    def has_fix(self) -> bool:
        """Whether a fixed version is known."""
        return any(event.fixed for range_ in self.ranges for event in range_.events)

    def affects(self, version: str) -> bool:
        """Say whether a version is affected."""
        return affected(self.ranges, version)


class VulnerabilityTable:
    """The entries by module. They are kept as text, which needs a fifth of the memory, and are read when asked for.

    `modified` is what `index/db.json` says.
    """

    def __init__(self, modified: str, modules: dict[str, str]) -> None:
        self.modified = modified
        self._modules = modules
        self._read = lru_cache(_MOST_READ)(_read)

    def __len__(self) -> int:
        return len(self._modules)

    def of(self, path: str) -> tuple[Vulnerability, ...]:
        """Return what is known of a module. Paths match exactly, as in govulncheck."""
        text = self._modules.get(path)
        return () if text is None else self._read(text)

    def dump(self) -> str:
        """Write the table for `load_table`."""
        return json.dumps({"modified": self.modified, "modules": self._modules})


def load_table(text: str | bytes) -> VulnerabilityTable:
    """Read what `dump` has written. Raises `OsvError`."""
    document = _json(text)
    modified, modules = document.get("modified"), document.get("modules")
    if not isinstance(modified, str) or not isinstance(modules, dict):
        raise OsvError("no table of vulnerabilities")
    for rows in modules.values():
        if not isinstance(rows, str):
            raise OsvError("no table of vulnerabilities")
        _read(rows)
    return VulnerabilityTable(modified, modules)


Rows = dict[str, list[Any]]
"""By module: what the entries say, as plain lists."""


def rows_of(text: str | bytes) -> Iterator[tuple[str, list[Any]]]:
    """Yield (module, row) for what one entry says. An entry that was withdrawn says nothing. Raises `OsvError`."""
    if len(text) > LARGEST_ENTRY:
        raise OsvError(f"larger than {LARGEST_ENTRY} bytes")
    entry = _json(text)
    id_ = entry.get("id")
    if not isinstance(id_, str) or not ID.fullmatch(id_):
        raise OsvError("its id is none of the form GO-2024-1234")
    if entry.get("withdrawn"):
        return
    specific = entry.get("database_specific")
    reviewed = isinstance(specific, dict) and specific.get("review_status") == "REVIEWED"
    left = _MOST_EVENTS
    for one in _list(entry, "affected"):
        package = one.get("package") if isinstance(one, dict) else None
        path = package.get("name") if isinstance(package, dict) else None
        if not isinstance(path, str) or not 0 < len(path) <= _LONGEST_PATH:
            raise OsvError("it names no module")
        of_go = one.get("ecosystem_specific")
        custom = isinstance(of_go, dict) and bool(of_go.get("custom_ranges"))
        ranges = [_range(found) for found in _list(one, "ranges")]
        left -= sum(len(events) for _, events in ranges)
        if left < 0:
            raise OsvError(f"more than {_MOST_EVENTS} bounds")
        yield path, [id_, int(reviewed), int(custom), ranges]


def make_table(modified: str, rows: Iterable[tuple[str, list[Any]]]) -> VulnerabilityTable:
    """Make the table of what `rows_of` has yielded."""
    modules: Rows = {}
    for path, row in rows:
        modules.setdefault(path, []).append(row)
    return VulnerabilityTable(
        modified, {path: json.dumps(found, separators=(",", ":")) for path, found in modules.items()}
    )


def _range(found: Any) -> list[Any]:
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        raise OsvError("a range has no type")
    events = []
    for event in _list(found, "events"):
        if not isinstance(event, dict):
            raise OsvError("a bound of a range is no object")
        events.append([_bound(event, "introduced"), _bound(event, "fixed")])
    return [found["type"][:32], events]


def _bound(event: dict[str, Any], name: str) -> str:
    value = event.get(name, "")
    if not isinstance(value, str) or len(value) > _LONGEST_VERSION:
        raise OsvError(f"a bound {name} of a range is no version")
    return value


def _list(holder: dict[str, Any], name: str) -> list[Any]:
    value = holder.get(name, [])
    if value is not None and not isinstance(value, list):
        raise OsvError(f"{name} is no list")
    return value or []


def _json(text: str | bytes) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise OsvError("it is not JSON") from None
    if not isinstance(document, dict):
        raise OsvError("it is no JSON object")
    return document


def _read(text: str) -> tuple[Vulnerability, ...]:
    try:
        return tuple(
            Vulnerability(
                str(id_),
                bool(reviewed),
                bool(custom),
                tuple(Range(str(kind), tuple(Event(str(i), str(f)) for i, f in events)) for kind, events in ranges),
            )
            for id_, reviewed, custom, ranges in json.loads(text)
        )
    except (ValueError, TypeError, RecursionError):
        raise OsvError("no entries of a table") from None
