"""What an Authorization header presents."""

import base64

import pytest

from modproxy.identity.authorization import MOST_PASSWORD, MOST_TOKEN, Login, Token, parse_authorization
from modproxy.identity.presented import BadCredential

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"


def basic(text: str | bytes) -> str:
    return "Basic " + base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Bearer " + JWT, Token(JWT)),
        ("bearer  " + JWT + " ", Token(JWT)),
        (basic("alice:pw"), Login("alice", "pw")),
        ("BASIC " + basic("alice:pw")[6:], Login("alice", "pw")),
        (basic("alice:p:w"), Login("alice", "p:w")),
        (basic("alicé:pä ss"), Login("alicé", "pä ss")),
        (basic(":"), Login("", "")),
        (basic(f"anything:{JWT}"), Token(JWT)),
        (basic(f":{JWT}"), Token(JWT)),
        (basic(f"{JWT}:"), Login(JWT, "")),
    ],
)
def test_a_credential(value: str, expected: Login | Token) -> None:
    assert parse_authorization(value, tokens=True) == expected


def test_a_password_is_no_token_where_no_tokens_are_taken() -> None:
    assert parse_authorization(basic(f"a:{JWT}"), tokens=False) == Login("a", JWT)


def test_the_longest_token_fits_into_basic() -> None:
    token = JWT + "A" * (MOST_TOKEN - len(JWT))
    assert parse_authorization(basic(f"user:{token}"), tokens=True) == Token(token)


@pytest.mark.parametrize(
    "value",
    ["", " ", "Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Basic", "Basic !!!!", "Basic YQ", basic("alice"),
     basic(b"\xff\xfe:x"), basic("a\0b:x"), basic("a:x\ny"), basic("a:x\x7f"), "Digest username=a", "Negotiate abc",
     JWT, "Basic " + "A" * 40000, "Bearer " + "A" * 40000, basic("a:" + "x" * (MOST_PASSWORD + 1)),
     "Bearer " + JWT + ", Basic YTpi"],
)  # fmt: skip
def test_what_is_no_credential(value: str) -> None:
    with pytest.raises(BadCredential) as refusal:
        parse_authorization(value, tokens=True)
    assert str(refusal.value)
    assert "x" * 20 not in str(refusal.value)


def test_a_credential_is_not_shown() -> None:
    assert "hunter2" not in repr(parse_authorization(basic("alice:hunter2"), tokens=True))
    assert JWT not in repr(parse_authorization("Bearer " + JWT, tokens=True))
