"""How an issuer's documents are fetched: the caller of this package says by which way. Pure."""

from typing import Protocol


class DocumentError(Exception):
    """A document cannot be had; the message says why, in words that go on from its URL: `answers 503`."""


class Fetch(Protocol):
    """Fetches documents from an issuer, which may have a private address."""

    async def __call__(self, url: str, most: int) -> bytes:
        """Return a document of at most `most` bytes. No redirect is followed. Raises `DocumentError`."""
        ...
