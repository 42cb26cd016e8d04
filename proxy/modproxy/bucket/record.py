"""What is kept with each file of an object store, so that a file that comes out can be judged. Pure.

It is one line of text in the form of a URL's query: ASCII without blanks, as the attributes of S3, Google Cloud and
Azure have to be. `check` covers the other values and the key, so that a file that was moved, or a line that was edited
by hand, counts as changed. It is no signature: whoever may write to the bucket can make a new one.
"""

import hashlib
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

ATTRIBUTE = "modproxy"
"""The name of the attribute. Azure takes only names that are identifiers."""
_FORM = "1"
_AHEAD_SECONDS = 300.0
"""How far the clock of a writer may be ahead: S3 itself refuses requests beyond 15 minutes."""
_LONGEST = 2000
"""Characters: S3 keeps 2 KiB of attributes with an object. A line has some 350."""


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """Says of a file what it has to be, and who vouched for it."""

    size: int
    sha256: str
    """The hash of all bytes, in hexadecimal digits."""
    fetched: float
    """When the file was fetched from outside of the fleets, in seconds since the epoch."""
    voucher: str = ""
    """See `mod.vouching`."""
    dirhash: str = ""
    """The `h1:` hash of a zip; empty for other files."""

    def age(self) -> float:
        """Return the seconds since the file was fetched; none where the clock of its writer was a little ahead.

        Where it was far ahead, nobody knows the age, and it is infinite: else a list would be fresh for ever.
        """
        age = time.time() - self.fetched
        return math.inf if age < -_AHEAD_SECONDS else max(0.0, age)

    def write(self, key: str) -> str:
        """Return the line that is kept with the file of the key."""
        values = self._values()
        return urlencode([*values, ("check", _check(key, values))])

    def _values(self) -> list[tuple[str, str]]:
        return [
            ("form", _FORM),
            ("size", str(self.size)),
            ("sha256", self.sha256),
            ("fetched", f"{self.fetched:.6f}"),
            ("voucher", self.voucher),
            ("h1", self.dirhash),
        ]


def _check(key: str, values: Iterable[tuple[str, str]]) -> str:
    text = "\n".join([key, *(f"{name}={value}" for name, value in values)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_record(key: str, text: str | None) -> ObjectRecord | None:
    """Read the line that is kept with a file; None where there is none, or where it was not written for this key."""
    if not text or len(text) > _LONGEST:
        return None
    try:
        found = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=20))
        record = ObjectRecord(
            int(found["size"]), found["sha256"], float(found["fetched"]), found["voucher"], found["h1"]
        )
    except (KeyError, ValueError):
        return None
    lawful = record.size >= 0 and 0 <= record.fetched < 1e11 and found.get("form") == _FORM
    return record if lawful and record.write(key) == text else None
