"""The header `traceparent` (W3C Trace Context, section 3.2). Pure, apart from random ids."""

import re
import secrets
from typing import NamedTuple

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_LONGEST = 512
"""Characters. A later version may add fields, and no more than this is looked at."""
_KNOWN_VERSION, _NO_VERSION = "00", "ff"
_SAMPLED = 1


class TraceParent(NamedTuple):
    """Tells which trace a request belongs to, and below which span."""

    trace_id: str
    """32 hexadecimal digits in lower case."""
    span_id: str
    """16 of them."""
    sampled: bool
    """Whether whoever asks traces the request itself."""

    def __str__(self) -> str:
        """Write the header."""
        return f"{_KNOWN_VERSION}-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


def read_traceparent(text: str) -> TraceParent | None:
    """Read the header; None without a lawful one. Of a later version the fields of this one are read."""
    found = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == _NO_VERSION or (version == _KNOWN_VERSION and more) or not trace_id.strip("0"):
        return None
    return TraceParent(trace_id, span_id, bool(int(flags, 16) & _SAMPLED)) if span_id.strip("0") else None


def new_trace_id() -> str:
    """Return a random id that is not all zeros."""
    return secrets.token_hex(15) + "01" if (made := secrets.token_hex(16)) == "0" * 32 else made


def new_span_id() -> str:
    """Return a random id that is not all zeros."""
    return secrets.token_hex(7) + "01" if (made := secrets.token_hex(8)) == "0" * 16 else made
