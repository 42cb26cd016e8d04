"""Signed notes, as which a checksum database publishes its tree heads.

Source of the rules: golang.org/x/mod/sumdb/note. Only Ed25519 (algorithm 1) is supported there, and here.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

_ED25519 = 1
_SIGNATURE_START = "\u2014 "
_LONGEST_NOTE = 1 << 20
_MOST_SIGNATURES = 100


class NoteError(ValueError):
    """The note or the key is malformed, or the note has no valid signature by the key; the message says which."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Verifies the signatures of one signer."""

    name: str
    """The name of the signer."""
    key_hash: int
    """The four-byte number that stands for the key in signatures."""
    public: bytes
    """The public key of Ed25519."""


def parse_verifier_key(text: str) -> VerifierKey:
    """Read `NAME+HASH+BASE64`. Raises `NoteError`."""
    name, _, rest = text.partition("+")
    hash_text, plus, encoded = rest.partition("+")
    try:
        key_hash, key = int(hash_text, 16), base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise NoteError(f"{text!r} is no verifier key: write NAME+HASH+KEY, as the database publishes it") from None
    if not plus or len(hash_text) != 8 or not _is_name(name) or len(key) != 33 or key[0] != _ED25519:
        raise NoteError(f"{text!r} is no Ed25519 verifier key: write NAME+HASH+KEY, as the database publishes it")
    if key_hash != _hash_of_key(name, key):
        raise NoteError(f"{text!r} does not agree with itself: its hash is not that of its name and key")
    return VerifierKey(name, key_hash, key[1:])


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)


def _hash_of_key(name: str, key: bytes) -> int:
    return int.from_bytes(hashlib.sha256(name.encode() + b"\n" + key).digest()[:4], "big")


def open_note(message: bytes, key: VerifierKey) -> str:
    """Return the text of a note that `key` has signed, with its final newline. Raises `NoteError`."""
    if len(message) > _LONGEST_NOTE:
        raise NoteError("the note is too long")
    try:
        whole = message.decode()
    except UnicodeDecodeError:
        raise NoteError("the note is not UTF-8 text") from None
    if any(ord(c) < 0x20 and c != "\n" for c in whole):
        raise NoteError("the note has control characters")
    text, blank, signatures = whole.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise NoteError("the note has no signatures")
    text += "\n"
    for line in signatures.splitlines()[:_MOST_SIGNATURES]:
        signature = _signature_of(line, key)
        if signature is not None:
            _verify(key, signature, text)
            return text
    raise NoteError(f"the note has no signature by {key.name}")


def _signature_of(line: str, key: VerifierKey) -> bytes | None:
    """Return the signature of a line if `key` made it; None for the signature of another key. Raises `NoteError`."""
    if not line.startswith(_SIGNATURE_START):
        raise NoteError("the note has a malformed signature line")
    name, _, encoded = line.removeprefix(_SIGNATURE_START).partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise NoteError("the note has a malformed signature") from None
    if name != key.name or int.from_bytes(raw[:4], "big") != key.key_hash:
        return None
    return raw[4:]


def _verify(key: VerifierKey, signature: bytes, text: str) -> None:
    # The library is loaded when the first note is read, so that a fleet without a checksum database saves its memory.
    from nacl.exceptions import CryptoError  # noqa: PLC0415
    from nacl.signing import VerifyKey  # noqa: PLC0415

    try:
        VerifyKey(key.public).verify(text.encode(), signature)
    except (CryptoError, ValueError):
        raise NoteError(f"the note's signature by {key.name} is false") from None
