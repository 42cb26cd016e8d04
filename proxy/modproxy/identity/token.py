"""JSON Web Tokens (RFC 7519): what is told of one before it is verified, and its verification (RFC 8725). Pure.

A token's header chooses among an issuer's own keys, and nothing more: `jku`, `x5u`, `jwk` and `x5c` are not looked at.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from modproxy.identity.authorization import MOST_TOKEN, TOKEN_FORM
from modproxy.identity.key_set import ALGORITHMS, MOST_KID, KeySet, PublicKey
from modproxy.identity.presented import BadCredential
from modproxy.mod.strict_json import read_object

LEEWAY = 60.0
"""Seconds by which the clocks of an issuer and of a replica may differ."""
_LATEST = 253402300799
"""The last second of the year 9999. A later time is a mistake, for example milliseconds."""
_TYPES = frozenset({"jwt", "application/jwt", "at+jwt", "application/at+jwt", "jose"})
"""What `typ` says of ID tokens and of access tokens (RFC 9068, section 2.1). Tokens for logouts and proofs differ."""

Claims = Mapping[str, object]


class UnknownKey(BadCredential):
    """No key of the issuer has signed the token, as far as its header says: the issuer may have a newer key."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token that is well formed. Nothing of it is proved."""

    text: str = field(repr=False)
    algorithm: str
    kid: str | None
    issuer: str
    claims: Claims = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """The claims of a token that are proved, until when they hold, and the key that proves them."""

    claims: Claims = field(repr=False)
    expires: float
    """In seconds since the epoch."""
    key: PublicKey


def read_token(text: str) -> Unverified:
    """Look into a token. Raises `BadCredential`."""
    if len(text) > MOST_TOKEN:
        raise BadCredential(f"the token has more than {MOST_TOKEN} characters", "the token is too long")
    parts = text.split(".")
    if not TOKEN_FORM.fullmatch(text):
        raise BadCredential("the token is no signed JSON Web Token")
    header = _read_part(parts[0], "header")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise BadCredential("the token's alg is not accepted")
    for name in ("crit", "b64", "zip", "enc"):
        if name in header:
            raise BadCredential(f"the token's header has {name}")
    if "cty" in header:
        raise BadCredential("the token is nested (cty)")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise BadCredential("the token's typ is that of no access token nor ID token")
    kid = header.get("kid")
    if kid is not None and (not isinstance(kid, str) or not kid or len(kid) > MOST_KID or not kid.isprintable()):
        raise BadCredential("the token's kid is unusable")
    claims = _read_part(parts[1], "claims")
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        raise BadCredential("the token has no iss")
    return Unverified(text, algorithm, kid, issuer, claims)


def verify(token: Unverified, issuer: str, audience: str, keys: KeySet, now: float) -> Verified:
    """Prove a token by the keys of its issuer. `now` is in seconds since the epoch. Raises `BadCredential`.

    Raises `UnknownKey` where the issuer's newest keys may prove it.
    """
    if token.issuer != issuer:
        raise BadCredential("the token's iss is another one")
    candidates = keys.candidates(token.kid, token.algorithm)
    if not candidates:
        if token.kid is not None and keys.has_kid(token.kid):
            raise BadCredential("the token's alg is not that of its key")
        raise UnknownKey("the token's key is not among those of its issuer")
    for key in candidates:
        if _signed_by(token, key):
            return Verified(token.claims, _check_claims(token.claims, audience, now), key)
    raise BadCredential("the token's signature is wrong")


def _signed_by(token: Unverified, key: PublicKey) -> bool:
    # The library is loaded with the first token, so that a fleet without tokens saves its memory.
    import jwt  # noqa: PLC0415

    try:
        jwt.PyJWS().decode(token.text, key.key, algorithms=[token.algorithm])
    except (jwt.PyJWTError, ValueError, TypeError):
        return False
    return True


def _check_claims(claims: Claims, audience: str, now: float) -> float:
    """Check who a token is for, and when. Returns when it expires."""
    named = claims.get("aud")
    audiences = named if isinstance(named, list) else [named]
    if not all(isinstance(name, str) for name in audiences):
        raise BadCredential("the token's aud is missing, or is no text")
    if audience not in audiences:
        raise BadCredential("the token is for another audience", "the token is for another audience")
    expires = _time(claims, "exp")
    if expires is None:
        raise BadCredential("the token has no exp")
    if expires + LEEWAY <= now:
        raise BadCredential("the token has expired", "the token has expired")
    for name in ("nbf", "iat"):
        if (begins := _time(claims, name)) is not None and begins - LEEWAY > now:
            raise BadCredential(f"the token is not valid yet ({name})", "the token is not valid yet")
    return expires


def _time(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    if name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise BadCredential(f"the token's {name} is no time in seconds")
    return float(value)


def _read_part(text: str, what: str) -> dict[str, object]:
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return read_object(decoded.decode())
    except (binascii.Error, ValueError):
        raise BadCredential(f"the token's {what} cannot be read") from None
