"""What a record of the audit log says of a served version (docs/audit.md has the fields). Pure."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from modproxy.contract.report_fields import plain_text
from modproxy.mod.path import PathError, check_path
from modproxy.mod.version import VersionError, check_version

_SERVED = frozenset({"allowed", "dryRun"})
_KINDS = frozenset({"info", "mod", "zip"})
"""The files of a version. A list tells of no version."""
_NOT_MODIFIED = 304
_LARGEST_BODY = 1 << 50
"""Bytes: no body is as large, and no sum of such numbers is too long to be written."""


@dataclass(frozen=True, slots=True)
class Use:
    """One file of a version was given to somebody."""

    module: str
    version: str
    is_zip: bool
    """Whether it was the zip: whoever takes it builds with it. Others may only resolve versions."""
    time: float
    """In seconds since the epoch."""
    user: str
    size: int
    """Bytes of the body."""


def use_of(record: Mapping[str, object]) -> Use | None:
    """Read a record; None for one that tells of no served version. Raises `ValueError` for what is no record."""
    try:
        stamp = datetime.datetime.fromisoformat(str(record["time"]))
        status, decision, kind = record["status"], record["decision"], record["endpoint"]
        module, version = str(record["module"]), str(record["version"])
    except KeyError as e:
        raise ValueError(f"it has no field {e.args[0]}") from None
    if not isinstance(status, int) or stamp.tzinfo is None:
        raise ValueError("its time or its status is none")
    if not isinstance(decision, str) or not isinstance(kind, str):
        raise ValueError("its decision or its endpoint is no text")
    if decision not in _SERVED or kind not in _KINDS or not (status < 300 or status == _NOT_MODIFIED):
        return None
    try:
        # Who writes the log may write anything.
        check_version(check_path(module), version)
    except (PathError, VersionError):
        return None
    user = plain_text(str(record.get("user_principal", "")))
    return Use(module, version, kind == "zip", stamp.timestamp(), user, _bytes(record.get("bytes")))


def _bytes(size: object) -> int:
    if isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= _LARGEST_BODY:
        return size
    return 0
