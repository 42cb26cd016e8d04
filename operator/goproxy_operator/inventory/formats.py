"""An inventory as CSV (RFC 4180), as a bill of materials (CycloneDX 1.6, JSON), or as JSON. Pure."""

import csv
import datetime
import io
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from goproxy_operator.inventory.served import Version
from goproxy_operator.output import API_VERSION

_COLUMNS = ("module", "version", "requests", "zips", "bytes", "first_used", "last_used", "users", "refused_now")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes a cell that begins so for a formula; some take the wide forms of these characters too."""


def as_csv(versions: Sequence[Version]) -> str:
    """Return a table with a header. Users are apart by blanks."""
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow(_COLUMNS)
    for one in versions:
        users = _cell(" ".join(sorted(one.users)))
        writer.writerow(
            [one.module, one.version, one.requests, one.zips, one.bytes, stamp(one.first), stamp(one.last), users,
             _cell(one.refused_now)]
        )  # fmt: skip
    return sink.getvalue()


def as_document(versions: Sequence[Version], fleet: str) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Inventory",
        "fleet": fleet,
        "versions": [
            {
                "module": one.module,
                "version": one.version,
                "requests": one.requests,
                "zips": one.zips,
                "bytes": one.bytes,
                "firstUsed": stamp(one.first),
                "lastUsed": stamp(one.last),
                "users": sorted(one.users),
                "refusedNow": one.refused_now or None,
            }
            for one in versions
        ],
    }


def as_cyclonedx(versions: Sequence[Version], fleet: str, now: float) -> dict[str, Any]:
    """Return a bill of materials in which each version is a library."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": stamp(now),
            "component": {"type": "application", "bom-ref": "fleet", "name": fleet or "Go modules"},
        },
        "components": [_component(one) for one in versions],
    }


def _component(one: Version) -> dict[str, Any]:
    url = package_url(one.module, one.version)
    properties = [("requests", str(one.requests)), ("zips", str(one.zips))]
    properties += [("firstUsed", stamp(one.first)), ("lastUsed", stamp(one.last))]
    properties += [("user", user) for user in sorted(one.users)]
    if one.refused_now:
        properties.append(("refusedNow", one.refused_now))
    return {
        "type": "library",
        # A package URL has no capital letters, and two modules may differ by these alone.
        "bom-ref": f"{one.module}@{one.version}",
        "name": one.module,
        "version": one.version,
        "purl": url,
        "properties": [{"name": f"goproxy:{name}", "value": value} for name, value in properties],
    }


def package_url(module: str, version: str) -> str:
    """Return the package URL of a Go module (Package URL specification, type `golang`)."""
    return f"pkg:golang/{quote(module.lower(), safe='/')}@{quote(version, safe='')}"


def stamp(moment: float) -> str:
    """Return a moment as RFC 3339 has it, in UTC."""
    return f"{datetime.datetime.fromtimestamp(moment, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
