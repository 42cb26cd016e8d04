"""Attacks by tokens, and tokens that are good: one key set, without a network."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from modproxy.identity.key_set import parse_key_set
from modproxy.identity.presented import BadCredential
from modproxy.identity.token import LEEWAY, UnknownKey, Verified, read_token, verify
from tests.modproxy.identity.issuer import (
    AUDIENCE,
    EC384_KEY,
    EC_KEY,
    ED_KEY,
    OTHER_RSA_KEY,
    RSA_KEY,
    claims,
    jwk,
    key_set,
    sign,
)

ISSUER = "https://sso.example.com"
KEYS = parse_key_set(
    key_set(
        jwk(RSA_KEY, "rsa"),
        jwk(EC_KEY, "ec"),
        jwk(EC384_KEY, "ec384"),
        jwk(ED_KEY, "ed"),
        jwk(RSA_KEY, "rs512", alg="RS512"),
    )
)
NOW = time.time()
"""The time of all checks here. The clock goes on between the collection of tests and their runs."""


def check(token: str, keys: str | None = None, now: float = NOW) -> Verified:
    return verify(read_token(token), ISSUER, AUDIENCE, KEYS if keys is None else parse_key_set(keys), now)


def good(**more: object) -> dict[str, Any]:
    times = {"iat": int(NOW), "nbf": int(NOW), "exp": int(NOW) + 300}
    return claims(ISSUER, **(times | more))


def raw(header: str | dict[str, Any], body: str | dict[str, Any], signature: bytes | None = None) -> str:
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, body)]
    signed = ".".join(encode(part.encode()) for part in parts)
    if signature is None:
        from cryptography.hazmat.primitives.asymmetric import padding
        from cryptography.hazmat.primitives.hashes import SHA256

        signature = RSA_KEY.sign(signed.encode(), padding.PKCS1v15(), SHA256())
    return f"{signed}.{encode(signature)}"


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("key", "alg", "kid"),
    [(RSA_KEY, "RS256", "rsa"), (RSA_KEY, "RS384", "rsa"), (RSA_KEY, "RS512", "rsa"), (RSA_KEY, "PS256", "rsa"),
     (RSA_KEY, "RS512", "rs512"), (EC_KEY, "ES256", "ec"), (EC384_KEY, "ES384", "ec384"), (ED_KEY, "EdDSA", "ed"),
     (EC_KEY, "ES256", None)],
)  # fmt: skip
def test_a_good_token(key: Any, alg: str, kid: str | None) -> None:
    found = check(sign(good(), key, alg, kid))
    assert found.claims["sub"] == "alice"
    assert found.expires == found.claims["exp"]


@pytest.mark.parametrize("header", [{"typ": "at+jwt"}, {"typ": "JWT"}, {"jku": "https://evil.example.com"},
                                    {"x5u": "https://evil.example.com"}, {"x5c": ["AAAA"]}])  # fmt: skip
def test_what_a_header_says_beside_the_key(header: dict[str, Any]) -> None:
    assert check(sign(good(), kid="rsa", **header))


def test_a_key_in_the_header_is_not_used() -> None:
    for more in (
        {"jwk": jwk(OTHER_RSA_KEY)},
        {"jku": "https://evil.example.com/keys"},
        {"x5u": "https://evil.example.com"},
    ):
        with pytest.raises(BadCredential, match="signature"):
            check(sign(good(), OTHER_RSA_KEY, kid="rsa", **more))


@pytest.mark.parametrize(
    "more",
    [{"aud": ["other", AUDIENCE]}, {"exp": int(NOW) - 30}, {"nbf": int(NOW) + 30}, {"iat": int(NOW) + 30},
     {"nbf": None}, {"iat": None}, {"exp": NOW + 10.5}],
)  # fmt: skip
def test_claims_that_are_good(more: dict[str, object]) -> None:
    assert check(sign(good(**more), kid="rsa"))


@pytest.mark.parametrize(
    "more",
    [
        {"aud": "other"}, {"aud": ["other"]}, {"aud": None}, {"aud": []}, {"aud": {AUDIENCE: 1}},
        {"aud": [AUDIENCE, 7]}, {"aud": AUDIENCE.upper()}, {"aud": f"{AUDIENCE} other"}, {"aud": 7},
        {"iss": ISSUER + "/"}, {"iss": ISSUER.upper()}, {"iss": None}, {"iss": "https://evil.example.com"},
        {"exp": None}, {"exp": int(NOW) - 61}, {"exp": 0},
        {"nbf": int(NOW) + 90}, {"iat": int(NOW) + 90},
    ],
)  # fmt: skip
def test_claims_that_are_bad(more: dict[str, Any]) -> None:
    with pytest.raises(BadCredential):
        check(sign(good(**more), kid="rsa"))


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value", [f'"{int(NOW) + 300}"', "true", "null", "[1]", "1e400", "-1", "NaN", "1" + "0" * 5000]
)
def test_times_that_are_no_times(name: str, value: str) -> None:
    body = json.dumps(good(**{name: "TIME"})).replace('"TIME"', value)
    with pytest.raises(BadCredential):
        check(raw({"alg": "RS256", "kid": "rsa"}, body))


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_the_same_bodies_with_a_time(name: str) -> None:
    body = json.dumps(good(**{name: "TIME"})).replace('"TIME"', str(NOW))
    assert check(raw({"alg": "RS256", "kid": "rsa"}, body))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, 7, ["RS256"], "HS256", "HS384", "HS512",
                                 "ES512", "ES256K", "PS384", "PS512", "RSA1_5", "dir"])  # fmt: skip
@pytest.mark.parametrize("signature", [b"", None])
def test_an_algorithm_that_is_not_accepted(alg: object, signature: bytes | None) -> None:
    with pytest.raises(BadCredential, match="alg"):
        check(raw({"alg": alg, "kid": "rsa"}, good(), signature))


def test_no_algorithm_at_all() -> None:
    with pytest.raises(BadCredential, match="alg"):
        check(raw({"kid": "rsa"}, good()))


def test_an_hmac_by_the_public_key() -> None:
    public = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for secret in (public, public.strip(), json.dumps(jwk(RSA_KEY, "rsa")).encode()):
        for alg, digest in (("HS256", hashlib.sha256), ("RS256", hashlib.sha256)):
            signed = raw({"alg": alg, "kid": "rsa"}, good(), b"x").rpartition(".")[0]
            with pytest.raises(BadCredential):
                check(f"{signed}.{encode(hmac.new(secret, signed.encode(), digest).digest())}")


@pytest.mark.parametrize(
    ("key", "alg", "kid"),
    [(RSA_KEY, "RS256", "ec"), (EC_KEY, "ES256", "rsa"), (EC384_KEY, "ES384", "ec"), (ED_KEY, "EdDSA", "ec"),
     (RSA_KEY, "RS256", "rs512"), (RSA_KEY, "PS256", "rs512")],
)  # fmt: skip
def test_an_algorithm_that_is_not_the_keys(key: Any, alg: str, kid: str) -> None:
    with pytest.raises(BadCredential, match="not that of its key"):
        check(sign(good(), key, alg, kid))


@pytest.mark.parametrize(
    "kid",
    ["../../../../dev/null", "' OR '1'='1", "a" * 10000, "", 7, None, ["rsa"], {"kid": "rsa"}, True, "rsa\n", "rsa\0",
     "rsa\u202e", "https://evil.example.com/keys"],
)  # fmt: skip
def test_a_kid_of_an_attacker(kid: object) -> None:
    token = raw({"alg": "RS256", "kid": kid}, good())
    with pytest.raises(BadCredential) as refusal:
        check(token)
    usable = kid is None or (isinstance(kid, str) and kid and len(kid) < 300 and kid.isprintable())
    assert isinstance(refusal.value, UnknownKey) is bool(usable and kid is not None)
    assert ("the token's kid is unusable" in str(refusal.value)) is not bool(usable)
    assert "evil" not in str(refusal.value)
    assert len(str(refusal.value)) < 200


def test_a_kid_that_is_not_there() -> None:
    with pytest.raises(UnknownKey):
        check(sign(good(), kid="other"))
    with pytest.raises(UnknownKey):  # two keys of the set could have signed it
        check(sign(good(), alg="RS512", kid=None))
    with pytest.raises(BadCredential, match="signature"):
        check(sign(good(), OTHER_RSA_KEY, kid="rsa"))


@pytest.mark.parametrize(
    "header",
    [{"crit": ["exp"]}, {"crit": []}, {"b64": False, "crit": ["b64"]}, {"b64": True}, {"cty": "JWT"}, {"cty": "jwt"},
     {"zip": "DEF"}, {"enc": "A128GCM"}, {"typ": "logout+jwt"}, {"typ": "dpop+jwt"}, {"typ": 7}, {"typ": "JWE"}],
)  # fmt: skip
def test_a_header_that_is_not_accepted(header: dict[str, object]) -> None:
    with pytest.raises(BadCredential):
        check(raw({"alg": "RS256", "kid": "rsa"} | header, good()))


def test_names_that_come_twice() -> None:
    body = json.dumps(good())
    assert check(raw('{"alg":"RS256","kid":"rsa"}', body))
    for header in ('{"alg":"none","alg":"RS256","kid":"rsa"}', '{"alg":"RS256","alg":"none","kid":"rsa"}',
                   '{"alg":"RS256","kid":"ec","kid":"rsa"}'):  # fmt: skip
        with pytest.raises(BadCredential):
            check(raw(header, body))
    for twice in ('"iss":"https://evil.example.com",', '"sub":"admin",', '"exp":1,'):
        with pytest.raises(BadCredential):
            check(raw('{"alg":"RS256","kid":"rsa"}', "{" + twice + body[1:]))


def test_a_token_of_another_form() -> None:
    token = sign(good(), kid="rsa")
    head, body, signature = token.split(".")
    inner = raw({"alg": "RS256", "kid": "rsa", "cty": "JWT"}, token)
    for other in ("", ".", "..", head, f"{head}.{body}", f"{token}.", f"{token}.x.y", f"{head}..{signature}",
                  f"{head}.{body}.", f"{head}=.{body}.{signature}", f" {token}", f"{token}\n", f"+{token}",
                  f"{head}.{body}.{signature}AAAA", f"{head}.{encode(b'[]')}.{signature}", inner,
                  raw("{" * 5000, body), raw("[" * 5000 + "]" * 5000, body), raw('{"alg":"RS256"', "{}"),
                  sign(good(x="x" * 17000), kid="rsa"), f"{encode(b'null')}.{body}.{signature}"):  # fmt: skip
        with pytest.raises(BadCredential):
            check(other)
    tampered = encode(json.dumps(good(sub="admin")).encode())
    with pytest.raises(BadCredential, match="signature"):
        check(f"{head}.{tampered}.{signature}")


def test_the_leeway_ends() -> None:
    token = sign(good(exp=int(NOW)), kid="rsa")
    assert check(token, now=int(NOW) + LEEWAY - 1)
    with pytest.raises(BadCredential) as refusal:
        check(token, now=int(NOW) + LEEWAY)
    assert refusal.value.told == "the token has expired"


def test_zeros_are_no_signature_by_an_elliptic_curve() -> None:
    for zeros in (b"\0" * 64, b"", b"\0" * 63, bytes.fromhex("3006020100020100")):
        with pytest.raises(BadCredential, match="signature"):
            check(raw({"alg": "ES256", "kid": "ec"}, good(), zeros))


# Keys


SMALL_RSA = rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize(
    "bad",
    [
        jwk(SMALL_RSA, "bad"), jwk(OTHER_RSA_KEY, "bad", use="enc"), jwk(OTHER_RSA_KEY, "bad", alg="RSA-OAEP"),
        jwk(OTHER_RSA_KEY, "bad", alg="HS256"), jwk(OTHER_RSA_KEY, "bad", key_ops=["encrypt"]),
        jwk(OTHER_RSA_KEY, 7),  # type: ignore[arg-type]  # an issuer's mistake
        jwk(OTHER_RSA_KEY, "b" * 500), jwk(EC_KEY, "bad", alg="RS256"), jwk(EC_KEY, "bad", crv="P-521"),
        jwk(ec.generate_private_key(ec.SECP256K1()), "bad"), jwk(OTHER_RSA_KEY, "bad", n="!!"),
        jwk(OTHER_RSA_KEY, "bad", n=7), jwk(OTHER_RSA_KEY, "bad", n="A" * 100000), jwk(OTHER_RSA_KEY, "bad", e="AA"),
        jwk(OTHER_RSA_KEY, "bad", d="AQAB"), {"kty": "oct", "k": "c2VjcmV0", "kid": "bad"},
        {"kty": ["RSA"]}, {}, "x", 7, None, ["RSA"],
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_used_is_left_out(bad: Any) -> None:
    found = parse_key_set(json.dumps({"keys": [bad, jwk(RSA_KEY, "rsa")]}))
    assert [key.kid for key in found.keys] == ["rsa"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys":{}}', '{"keys":[]}', '{"keys":[{}]}', "x" * 300000,
                                  '{"keys":[],"keys":[]}', "[" * 100000, key_set(*[jwk(RSA_KEY)] * 65)])  # fmt: skip
def test_what_is_no_key_set(text: str) -> None:
    with pytest.raises(ValueError, match="it "):
        parse_key_set(text)


def test_a_public_key_signs_nothing() -> None:
    """The library itself would take a shared secret, if one were offered to it: no key set offers one."""
    secret = {"kty": "oct", "k": encode(b"s" * 32), "kid": "k1", "alg": "HS256"}
    token = jwt.encode(good(), b"s" * 32, "HS256", headers={"kid": "k1"})
    with pytest.raises(BadCredential, match="alg"):
        check(token, json.dumps({"keys": [secret, jwk(RSA_KEY, "rsa")]}))
