"""What the go command asks of a GOAUTH command, and how it is answered (`go help goauth`). Pure.

The go command asks without an argument before its first request, and with a URL after each 4xx over https. It drops an
answer of another form without a word, and so every set has both of its empty lines, and no CR.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_STATUS = re.compile(r"HTTP/[0-9.]+ (\d{3})(?: |\r?$)", re.ASCII)
_HEADER_SAFE = re.compile(r"[A-Za-z0-9._~+/=-]+", re.ASCII)
"""The characters of a bearer token (RFC 6750, section 2.1)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Is one question of the go command."""

    url: str | None
    """What was asked for; None at the start of a run."""
    status: int | None
    """The status of the answer to it."""

    @property
    def refused(self) -> bool:
        """Whether the token was not taken. Every other 4xx, such as a 404, is no reason to get another one."""
        return self.status == 401


def read_question(arguments: list[str], head: str) -> Asked:
    """Read what was asked. `head` is the standard input: the head of an answer, or nothing."""
    found = _STATUS.match(head.partition("\n")[0])
    return Asked(arguments[0] if arguments else None, int(found[1]) if found else None)


def concerns(asked: Asked, prefix: str) -> bool:
    """Say whether a question is about the fleet with the URL `prefix`. The first one of a run is about every fleet."""
    if asked.url is None:
        return True
    ours, other = urlsplit(prefix), urlsplit(asked.url)
    path = ours.path.rstrip("/")
    return (ours.scheme, ours.netloc.lower()) == (other.scheme, other.netloc.lower()) and (
        other.path == path or other.path.startswith(path + "/")
    )


def fleet_url(text: str) -> str:
    """Return the URL of a fleet in its one spelling. Raises `ValueError`.

    The message shows nothing of a URL with a password in it.
    """
    parts = urlsplit(text)
    if "@" in parts.netloc:
        raise ValueError("a URL of a fleet has no user name and no password in it: write https://HOST")
    if parts.scheme == "http":
        raise ValueError(f"{text!r} is not https: go sends credentials over https only")
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is no URL of a fleet: write https://HOST, perhaps with a path")
    if not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} is no URL of a fleet: it has a space or a control character in it")
    return f"https://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def write_answer(prefix: str, token: str) -> str:
    """Return the set of credentials for the fleet with the URL `prefix`.

    Raises `ValueError` for a token that the go command would not read.
    """
    if not _HEADER_SAFE.fullmatch(token):
        raise ValueError("the token cannot be sent in a header: log out, and log in again")
    return f"{prefix}\n\nAuthorization: Bearer {token}\n\n"
