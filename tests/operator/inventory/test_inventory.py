"""What is counted of records of the audit log, and how it is written."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from goproxy_operator.inventory import served
from goproxy_operator.inventory.formats import as_csv, as_cyclonedx, as_document, package_url
from goproxy_operator.inventory.records import Use, use_of
from goproxy_operator.inventory.served import MOST_USERS, Inventory, TooManyError
from modproxy.audit.record import LineMaker, Verdict
from tests.modproxy.making import audit_entry

NOON = 1795780800.0


def record(**changed: Any) -> dict[str, Any]:
    """A record as a replica writes it."""
    entry = audit_entry(**{"time": NOON, "module": "example.com/m", "version": "v1.0.0", "endpoint": "zip", **changed})
    made: dict[str, Any] = json.loads(LineMaker("build/team-a", "team-a-0").line(entry))
    return made


@pytest.mark.parametrize(
    "changed",
    [
        {"verdict": Verdict.REFUSED, "status": 403},
        {"status": 404},
        {"status": 502},
        {"status": 499},
        {"endpoint": "list", "version": ""},
        {"endpoint": "latest"},
        {"module": None},
        {"version": "main"},
        {"module": "example.com/m/v2"},
        {"module": "=cmd()"},
    ],
)
def test_what_is_no_served_version(changed: dict[str, Any]) -> None:
    assert use_of(record(**changed)) is None


@pytest.mark.parametrize(
    "broken",
    [
        {}, {"time": "now"}, {"status": "200"}, {"time": "2026-11-27T12:00:00"}, {"decision": ["allowed"]},
        {"endpoint": {"zip": 1}},
    ],
)  # fmt: skip
def test_what_is_no_record(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no field|its time|Invalid isoformat|is no text"):
        use_of({**record(), **broken} if broken else {})


@pytest.mark.parametrize("size", [-1, True, 10**4000, 1.5, float("nan"), "7", None])
def test_bytes_that_no_body_has_are_not_counted(size: object) -> None:
    use = use_of({**record(), "bytes": size})
    assert use is not None and use.size == 0


def test_uses_are_counted_by_version() -> None:
    inventory = Inventory(NOON - 3600, NOON + 3600)
    for changed in (
        {"endpoint": "mod", "sent": 10},
        {"sent": 100, "time": NOON + 60},
        {"status": 304, "sent": 0, "time": NOON - 60},
        {"time": NOON - 7200},
        {"version": "v1.1.0"},
        {"verdict": Verdict.DRY_RUN, "version": "v1.1.0"},
    ):
        use = use_of(record(**changed))
        assert use is not None
        inventory.add([use])
    first, second = inventory.versions
    assert (first.module, first.version, first.requests, first.zips) == ("example.com/m", "v1.0.0", 3, 2)
    assert (first.bytes, first.first, first.last) == (110, NOON - 60, NOON + 60)
    assert (second.version, second.requests) == ("v1.1.0", 2)


def made() -> Inventory:
    inventory = Inventory(0, NOON * 2)
    for name, version in (("example.com/M", "v2.0.0+incompatible"), ("example.com/m", "v1.0.0")):
        use = use_of(record(module=name, version=version))
        assert use is not None
        inventory.add([use])
    inventory.versions[0].users = {"=HYPERLINK(1)", "jane"}
    inventory.versions[1].refused_now = "vulnerabilities: GO-2026-0001"
    return inventory


def test_a_spreadsheet_takes_no_cell_for_a_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(made().versions))))
    assert [row["version"] for row in rows] == ["v2.0.0+incompatible", "v1.0.0"]
    assert rows[0]["users"] == "'=HYPERLINK(1) jane"
    assert rows[1]["refused_now"] == "vulnerabilities: GO-2026-0001"
    assert rows[1]["last_used"] == "2026-11-27T12:00:00Z"


def test_a_bill_of_materials_is_one() -> None:
    document = as_cyclonedx(made().versions, "build/team-a", NOON)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None
    references = [one["bom-ref"] for one in document["components"]]
    assert len(set(references)) == len(references)
    assert (
        package_url("github.com/Azure/go", "v1.0.0+incompatible")
        == "pkg:golang/github.com/azure/go@v1.0.0%2Bincompatible"
    )


def test_programs_read_the_same() -> None:
    document = as_document(made().versions, "build/team-a")
    assert [one["refusedNow"] for one in document["versions"]] == [None, "vulnerabilities: GO-2026-0001"]


def test_users_are_bounded() -> None:
    inventory = Inventory(0, NOON * 2)
    use = use_of(record())
    assert use is not None
    assert use.user == record()["user_principal"]
    for number in range(MOST_USERS + 5):
        inventory.add([type(use)(use.module, use.version, use.is_zip, use.time, f"u{number}", 1)])
    assert len(inventory.versions[0].users) == MOST_USERS


def test_users_of_all_versions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "MOST_NAMED", 3)
    inventory = Inventory(NOON - 3600, NOON + 3600)
    uses = [Use("example.com/m", f"v1.{n}.0", True, NOON, user, 1) for n in range(2) for user in ("a", "b")]
    inventory.add(uses[:3] * 2)
    with pytest.raises(TooManyError):
        inventory.add(uses[3:])
