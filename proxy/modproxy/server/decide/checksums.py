"""The hashes that a client announces of a body, and whether the body has them. Pure.

Source: `X-Checksum-Sha256`, `-Sha1`, `-Md5` and `X-Checksum` of Artifactory's clients, `Content-MD5` of RFC 1864,
`Content-Digest` and `Repr-Digest` of RFC 9530, and `Digest` of RFC 3230.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping

_HEX = re.compile(r"[0-9a-fA-F]+")
_BY_DIGITS = {32: "md5", 40: "sha1", 64: "sha256"}
_NAMED = {"X-Checksum-Sha256": "sha256", "X-Checksum-Sha1": "sha1", "X-Checksum-Md5": "md5"}
_DIGEST = re.compile(r"(sha-256|sha-512|sha|md5)=:?([A-Za-z0-9+/=]+?):?\s*(?:,|$)", re.IGNORECASE)
_DIGEST_NAMES = {"sha-256": "sha256", "sha-512": "sha512", "sha": "sha1", "md5": "md5"}


class ChecksumError(ValueError):
    """The body does not have an announced hash, or the header has none; the message says which header."""


class Announced:
    """Hashes a body by all that was announced, and by SHA-256."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        """Raises `ChecksumError` for a header without a hash."""
        self._wanted = list(_wanted(headers))
        self._sums = {kind: _new(kind) for kind in {"sha256", *(kind for _, kind, _ in self._wanted)}}

    def take(self, piece: bytes) -> None:
        """Take the next bytes."""
        for digest in self._sums.values():
            digest.update(piece)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the body, in hexadecimal digits."""
        return self._sums["sha256"].hexdigest()

    def check(self) -> None:
        """Compare the hashes. Raises `ChecksumError`."""
        for header, kind, wanted in self._wanted:
            if (found := self._sums[kind].hexdigest()) != wanted:
                raise ChecksumError(
                    f"{header} announces {wanted}, and the body that came has {found}: it was changed on its way, or "
                    "the header is of another file; send it again"
                )


def _new(kind: str) -> "hashlib._Hash":
    return hashlib.new(kind, usedforsecurity=False)


def _wanted(headers: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield each announced hash: its header, its kind and its hexadecimal digits."""
    for header, kind in _NAMED.items():
        if text := headers.get(header, "").strip():
            if _BY_DIGITS.get(len(text)) != kind or _HEX.fullmatch(text) is None:
                raise ChecksumError(
                    f"{header} has no {kind} in hexadecimal digits: correct the header, or leave it out"
                )
            yield header, kind, text.lower()
    if text := headers.get("X-Checksum", "").strip():
        if len(text) not in _BY_DIGITS or _HEX.fullmatch(text) is None:
            raise ChecksumError("X-Checksum has no hash in hexadecimal digits: correct the header, or leave it out")
        yield "X-Checksum", _BY_DIGITS[len(text)], text.lower()
    if text := headers.get("Content-MD5", "").strip():
        yield "Content-MD5", "md5", _of_base64("Content-MD5", text, 16)
    for header in ("Content-Digest", "Repr-Digest", "Digest"):
        for name, text in _DIGEST.findall(headers.get(header, "")):
            kind = _DIGEST_NAMES[name.lower()]
            yield header, kind, _of_base64(header, text, _new(kind).digest_size)


def _of_base64(header: str, text: str, size: int) -> str:
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        found = b""
    if len(found) != size:
        raise ChecksumError(f"{header} has no hash in base64: correct the header, or leave it out")
    return found.hex()
