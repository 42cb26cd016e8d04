"""What an Authorization header presents: a user name with a password, or a token. Pure.

A token comes as Bearer (RFC 6750, section 2.1), or as Basic (RFC 7617) with the token as the password and any user
name, because `.netrc` files, URLs and variables of CI systems hold user names and passwords only.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field

from modproxy.identity.presented import BadCredential

MOST_TOKEN = 16 * 1024
"""Characters of a token. A token with the 200 groups of the largest directories has less."""
MOST_AUTHORIZATION = MOST_TOKEN * 4 // 3 + 1024
"""Characters of the header's value: a token in Basic is encoded once more."""
MOST_PASSWORD = 1024
"""Bytes of a password."""
TOKEN_FORM = re.compile(r"ey[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", re.ASCII)
"""A JWS in compact form (RFC 7515, section 7.1): its header is a JSON object, whose encoding begins with `ey`."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user name with a password."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """A token, which is not looked into."""

    text: str = field(repr=False)


def parse_authorization(value: str, *, tokens: bool) -> Login | Token:
    """Read an Authorization header. `tokens` says whether a password may be a token. Raises `BadCredential`."""
    if len(value) > MOST_AUTHORIZATION:
        raise BadCredential("the Authorization header is too long", "the credential is too long")
    scheme, _, rest = value.strip(" \t").partition(" ")
    rest = rest.strip(" ")
    if scheme.lower() == "bearer":
        return Token(_one_word(rest))
    if scheme.lower() != "basic":
        raise BadCredential("the Authorization header has neither Basic nor Bearer")
    login = _login(_one_word(rest))
    if tokens and TOKEN_FORM.fullmatch(login.password):
        return Token(login.password)
    if len(login.password.encode()) > MOST_PASSWORD:
        raise BadCredential("the password is too long", "the credential is too long")
    return login


def _one_word(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", text, re.ASCII):
        raise BadCredential("the Authorization header has no credential of RFC 9110's form")
    return text


def _login(text: str) -> Login:
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise BadCredential("the Basic credential is not base64 of UTF-8 text") from None
    user, colon, password = decoded.partition(":")
    if not colon:
        raise BadCredential("the Basic credential has no colon")
    if any(ord(c) < 32 or ord(c) == 127 for c in decoded):
        raise BadCredential("the Basic credential has control characters (RFC 7617, section 2)")
    return Login(user, password)
