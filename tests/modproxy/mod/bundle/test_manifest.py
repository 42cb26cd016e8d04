"""Manifests that no exporter writes."""

import hashlib
import io
import json

import pytest

from modproxy.mod.bundle.archive_format import BundleError
from modproxy.mod.bundle.manifest import read_manifest


def _line(value: dict[str, object]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize("log", [{"database": ["+"]}, {"database": {"+": 1}}, {"head": "\ud800"}, {"head": None}])
def test_a_database_that_is_no_text_is_refused(log: dict[str, object]) -> None:
    known = {"database": "sum+1", "head": "x", "tiles": [], "before": [], **log}
    first = _line({"bundle": 1, "exported": "2026-01-02T03:04:05Z", "versions": 0, "log": known})
    body = first + _line({"check": hashlib.sha256(first).hexdigest()})
    with pytest.raises(BundleError, match="checksum database"):
        read_manifest(io.BytesIO(body), len(body))
