"""The public keys of an issuer: a JSON Web Key Set (RFC 7517, section 5). Only keys for signatures count. Pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modproxy.mod.strict_json import read_object

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"})
"""The algorithms of signatures that are accepted, all with public keys. A token never adds one."""
MOST_BYTES = 256 * 1024
"""A set of a few hundred keys with certificates."""
MOST_KEYS = 64
"""Issuers have two or three keys of each kind; the largest ones publish a dozen."""
MOST_KID = 256
_LEAST_RSA, _MOST_RSA = 2048, 8192
"""Bits: less is broken by those who can pay for it (RFC 7518, section 3.3); more costs a millisecond a token."""
_OF_CURVE = {("EC", "P-256"): "ES256", ("EC", "P-384"): "ES384", ("OKP", "Ed25519"): "EdDSA"}
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256"})


class KeySetError(ValueError):
    """A document is no key set, or has no key that can be used; the message says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key, and what it may verify."""

    kid: str | None
    algorithms: frozenset[str]
    thumbprint: str
    """Is equal for two keys that are the same in every respect."""
    key: Any
    """The library's own public key."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one issuer that can be used."""

    keys: tuple[PublicKey, ...] = ()

    def has_kid(self, kid: str) -> bool:
        """Say whether a key of this name is in the set."""
        return any(key.kid == kid for key in self.keys)

    def candidates(self, kid: str | None, algorithm: str) -> list[PublicKey]:
        """Return the keys that may have signed a token. A token without `kid` has one only where no other key fits."""
        fitting = [key for key in self.keys if algorithm in key.algorithms]
        if kid is not None:
            return [key for key in fitting if key.kid == kid]
        return fitting if len(fitting) == 1 else []


def parse_key_set(text: str | bytes) -> KeySet:
    """Read a key set. Keys that cannot be used are left out. Raises `KeySetError` when no key is left."""
    if len(text) > MOST_BYTES:
        raise KeySetError(f"it has more than {MOST_BYTES} bytes")
    try:
        entries = read_object(text).get("keys")
    except ValueError as e:
        raise KeySetError(f"it is no key set: {e}") from None
    if not isinstance(entries, list):
        raise KeySetError("it is no key set: it has no list `keys`")
    if len(entries) > MOST_KEYS:
        raise KeySetError(f"it has more than {MOST_KEYS} keys")
    found, reasons = dict[str, PublicKey](), list[str]()
    for entry in entries:
        try:
            key = _read_key(entry)
        except ValueError as e:
            reasons.append(str(e))
        else:
            found[key.thumbprint] = key
    if not found:
        raise KeySetError(f"it has no key that can be used ({reasons[0] if reasons else 'it is empty'})")
    return KeySet(tuple(found.values()))


def _read_key(entry: object) -> PublicKey:
    if not isinstance(entry, dict):
        raise ValueError("a key is no JSON object")
    if entry.get("use", "sig") != "sig":
        raise ValueError("a key is not for signatures")
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise ValueError("a key is not for the verification of signatures")
    if "d" in entry or "k" in entry:
        raise ValueError("a key is secret, and it was published")
    kid = entry.get("kid")
    if kid is not None and (not isinstance(kid, str) or len(kid) > MOST_KID):
        raise ValueError("a key has an unusable kid")
    kty, crv, alg = entry.get("kty"), entry.get("crv"), entry.get("alg")
    if not all(value is None or isinstance(value, str) for value in (kty, crv, alg)):
        raise ValueError("a key's kty, crv or alg is no text")
    able = _RSA if kty == "RSA" else frozenset(_algorithms_of_curve(kty, crv))
    able = able if alg is None else able & {alg}
    if not able:
        raise ValueError("a key is of a kind that is not accepted")
    numbers = {name: value for name in ("kty", "crv", "x", "y", "n", "e") if (value := entry.get(name)) is not None}
    if not all(isinstance(value, str) for value in numbers.values()):
        raise ValueError("a key's numbers are no text")
    return PublicKey(kid, able, _thumbprint(numbers, kid, alg), _make(numbers))


def _algorithms_of_curve(kty: object, crv: object) -> Iterator[str]:
    if (isinstance(kty, str) and isinstance(crv, str)) and (algorithm := _OF_CURVE.get((kty, crv))):
        yield algorithm


def _thumbprint(numbers: Mapping[str, object], kid: object, alg: object) -> str:
    return hashlib.sha256(json.dumps([numbers, kid, alg], sort_keys=True).encode()).hexdigest()


def _make(numbers: dict[str, Any]) -> object:
    # The libraries are loaded with the first key, so that a fleet without tokens saves their memory.
    from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm  # noqa: PLC0415
    from jwt.exceptions import PyJWTError  # noqa: PLC0415

    kinds: dict[str, Any] = {"RSA": RSAAlgorithm, "EC": ECAlgorithm, "OKP": OKPAlgorithm}
    if len(str(numbers.get("n", ""))) > _MOST_RSA // 4:
        raise ValueError(f"an RSA key has more than {_MOST_RSA} bits")
    try:
        key = kinds[numbers["kty"]].from_jwk(numbers)
    except (PyJWTError, ValueError, KeyError, TypeError):
        raise ValueError("a key is malformed") from None
    if numbers["kty"] == "RSA" and not _LEAST_RSA <= key.key_size <= _MOST_RSA:
        raise ValueError(f"an RSA key has {key.key_size} bits: {_LEAST_RSA} to {_MOST_RSA} are accepted")
    made: object = key
    return made
