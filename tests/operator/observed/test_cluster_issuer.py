"""Who signs the tokens of service accounts, of what the API server says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goproxy_operator.observed.cluster_issuer import issuer_of

METADATA = {"issuer": "https://kubernetes.default.svc", "jwks_uri": "https://10.0.0.1/openid/v1/jwks"}
A = {"use": "sig", "kty": "RSA", "kid": "a", "alg": "RS256", "n": "xyz", "e": "AQAB"}
B = {"use": "sig", "kty": "EC", "kid": "b", "alg": "ES256", "crv": "P-256", "x": "1", "y": "2"}


def test_the_same_keys_are_the_same_value_in_any_order() -> None:
    first = issuer_of(METADATA, {"keys": [A, B]})
    assert first == issuer_of(METADATA, {"keys": [B, dict(reversed(A.items()))]})
    assert first.issuer == METADATA["issuer"]
    assert json.loads(first.keys) == {"keys": [A, B]} or json.loads(first.keys) == {"keys": [B, A]}
    assert first != issuer_of(METADATA, {"keys": [A]})


def test_only_what_a_public_key_has_goes_on() -> None:
    spoilt = {**A, "d": "private", "x5u": "https://evil.example.com", "n": "xyz", "e": ["AQAB"]}
    kept = json.loads(issuer_of(METADATA, {"keys": [spoilt, "x", 1]}).keys)
    assert kept == {"keys": [{name: value for name, value in A.items() if name != "e"}]}


@pytest.mark.parametrize(
    ("metadata", "keys"),
    [
        ({}, {"keys": []}),
        ({"issuer": 1}, {"keys": []}),
        ({"issuer": ""}, {"keys": []}),
        ({"issuer": "x" * 513}, {"keys": []}),
        (METADATA, {}),
        (METADATA, {"keys": "x"}),
        (METADATA, {"keys": [{**A, "n": "x" * 40000}]}),
    ],
)
def test_what_is_no_answer_is_refused(metadata: dict[str, Any], keys: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        issuer_of(metadata, keys)


def test_the_number_of_keys_is_bounded() -> None:
    many = [{**A, "kid": str(number)} for number in range(1000)]
    assert len(json.loads(issuer_of(METADATA, {"keys": many}).keys)["keys"]) == 32
