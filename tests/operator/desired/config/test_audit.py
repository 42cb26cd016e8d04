"""The audit section of the config, from that of the object."""

from typing import Any

import pytest

from goproxy_operator.api.audit import AuditSpec
from goproxy_operator.desired.config.audit import audit_config

RECEIVER = {"url": "https://es.example.com", "index": "audit", "secretName": "es"}


@pytest.mark.parametrize(
    ("spec", "to", "sent"),
    [
        ({}, [], False),
        ({"enabled": True}, ["Stdout"], False),
        ({"to": ["File"]}, ["File"], False),
        ({"elasticsearch": RECEIVER}, [], True),
        ({"to": ["Stdout", "File"], "elasticsearch": RECEIVER}, ["Stdout", "File"], True),
        ({"enabled": False, "to": ["Stdout", "File"], "elasticsearch": RECEIVER}, [], False),
    ],
)
def test_where_records_go(spec: dict[str, Any], to: list[str], sent: bool) -> None:
    made = audit_config(AuditSpec.model_validate(spec))
    assert list(made.to) == to
    assert (made.elasticsearch is not None) is sent
    assert made.wanted is (bool(to) or sent)
    if made.elasticsearch is not None:
        assert made.elasticsearch.model_dump(by_alias=True) == RECEIVER
