"""A record's fields, and what text from outside becomes in it."""

import json

import pytest

from modproxy.audit.record import Entry, LineMaker, Verdict, document
from modproxy.identity.principal import AuthMethod, Principal
from tests.modproxy.making import audit_entry

FIELDS = [
    "time", "req_id", "user_principal", "groups", "oauth_scope", "auth_method", "client", "verb", "module", "version",
    "endpoint", "decision", "rule", "status", "cache", "bytes", "duration_ms", "upstream", "fleet", "replica",
]  # fmt: skip


def line(entry: Entry) -> str:
    return LineMaker("build/team-a", "team-a-0").line(entry)


def test_a_record_has_exactly_its_fields() -> None:
    alice = Principal("alice", frozenset({"dev", "adm"}), ("openid", "go"), AuthMethod.OIDC)
    made = line(audit_entry(principal=alice, id=b"0-1", time=1764211144.0379, seconds=0.0012345, sent=42))
    record = json.loads(made)
    assert list(record) == FIELDS
    assert record["time"] == "2025-11-27T02:39:04.037Z"
    assert (record["user_principal"], record["groups"]) == ("alice", ["adm", "dev"])
    assert (record["oauth_scope"], record["auth_method"]) == (["openid", "go"], "oidc")
    assert (record["req_id"], record["bytes"], record["duration_ms"]) == ("0-1", 42, 1.234)
    assert (record["fleet"], record["replica"]) == ("build/team-a", "team-a-0")
    assert made.endswith("}\n")


def test_a_document_has_a_time_stamp_as_data_streams_want_it() -> None:
    made = line(audit_entry())
    record = json.loads(document(made))
    assert record.pop("@timestamp") == record["time"]
    assert record == json.loads(made)


@pytest.mark.parametrize("bad", ["a\nb", "\x1b[31m", "\x7f", "\u202egpj", "\u2028", '"},{"', "\\", "\x00", "\ud800"])
def test_text_from_outside_stays_on_one_line_and_moves_no_terminal(bad: str) -> None:
    principal = Principal(bad, frozenset({bad}), (bad,))
    made = line(audit_entry(principal=principal, client=bad, version=bad, rule=bad, upstream=bad, module=bad))
    assert made.isascii() and made[:-1].isprintable()
    record = json.loads(made)
    assert all(record[field].isprintable() for field in ("user_principal", "client", "module", "version", "rule"))
    assert record["groups"][0].isprintable() and record["oauth_scope"][0].isprintable()


def test_a_record_is_bounded() -> None:
    vast = "x" * 100_000
    groups = frozenset(f"{number}{vast}" for number in range(1000))
    principal = Principal(vast, groups, tuple(groups), AuthMethod.OIDC)
    made = line(audit_entry(principal=principal, client=vast, version=vast, rule=vast, module=vast))
    assert len(made) < 25_000


def test_refusals_and_security_events_are_kept() -> None:
    kept = {verdict for verdict in Verdict if audit_entry(verdict=verdict).kept}
    assert kept == set(Verdict) - {Verdict.ALLOWED}
