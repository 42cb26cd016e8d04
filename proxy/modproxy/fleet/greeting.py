"""What replicas of a fleet say to each other: the headers, the answer to a greeting, and their bounds. Pure."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from modproxy.mod.strict_json import read_object

GREETING_PATH = "/-/peer"
HOP = "Modproxy-Hop"
"""How many replicas of the fleet a request has passed. A request with it is sent to no further replica."""
NAME = "Modproxy-Name"
"""The name of the replica that asks."""
LEAVING = "Modproxy-Leaving"
"""`true` in the greeting of a replica that is about to end."""
STATUS = "Modproxy-Status"
"""How an answer came about: an `Outcome`. An answer without it is none of a replica."""
VOUCHER = "Modproxy-Voucher"
"""Who vouches for the file, as `mod.vouching` writes it."""
ORIGIN = "Modproxy-Origin"
"""Who gave the answer, without credentials, where it is none of the fleet."""
KEEP = "Modproxy-Keep"
"""`false` with an answer that is for one request alone, and that no replica may keep."""
CACHED_ONLY = "Disable-Module-Fetch"
MOST_GREETING_BYTES = 4096
"""Several times what a greeting has."""
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}", re.ASCII)
_WORD = re.compile(r"[\x20-\x7e]{0,160}", re.ASCII)


class Outcome(StrEnum):
    """How an answer of another replica came about. The first ones are those of `cache.answer.CacheStatus`."""

    HIT = "hit"
    STALE = "stale"
    NEGATIVE = "negative"
    PEER = "peer"
    OBJECT_STORE = "objectStore"
    MISS = "miss"
    DENIED = "denied"
    MISMATCH = "mismatch"
    """The checksum database says otherwise of what was fetched."""
    NOT_HELD = "notHeld"
    """The file is not held, and the request allowed no fetch. This says nothing of whether it exists."""
    REFUSED = "refused"
    """The replica itself does not answer: it has no room, it ends, or it does not take the proof."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """Says who answers at an address."""

    name: str
    """The replica's name among its peers, which outlives its restarts."""
    instance: str
    """Names the process: a replica that greets itself recognises itself by it."""
    fleet: str
    """Names the fleet: replicas of another one are no peers."""
    version: str = ""
    leaving: bool = False


class GreetingError(ValueError):
    """An answer is no greeting; the message says why, in words that go on from the address."""


def write_greeting(greeting: Greeting) -> bytes:
    """Write the answer to a greeting."""
    return json.dumps(
        {
            "name": greeting.name,
            "instance": greeting.instance,
            "fleet": greeting.fleet,
            "version": greeting.version,
            "leaving": greeting.leaving,
        }
    ).encode()


def read_greeting(body: bytes) -> Greeting:
    """Read the answer to a greeting. Unknown keys are ignored: a newer replica may say more. Raises `GreetingError`."""
    if len(body) > MOST_GREETING_BYTES:
        raise GreetingError("sends a greeting that is too long")
    try:
        found = read_object(body)
    except ValueError:
        raise GreetingError("sends no greeting of a replica") from None
    name, leaving = found.get("name"), found.get("leaving", False)
    words = [found.get(key, "") for key in ("instance", "fleet", "version")]
    texts = [word for word in words if isinstance(word, str) and _WORD.fullmatch(word)]
    if not is_name(name) or not isinstance(leaving, bool) or len(texts) != len(words) or not texts[0]:
        raise GreetingError("sends no greeting of a replica")
    return Greeting(str(name), texts[0], texts[1], texts[2], leaving)


def is_name(text: object) -> bool:
    """Say whether a text is the name of a replica among its peers."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None
