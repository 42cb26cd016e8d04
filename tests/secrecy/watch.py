"""What the programs of a test have written, searched for the secrets of the test when the test ends."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.secrecy.registry import REGISTRY, Registry

MOST_BYTES = 1 << 20
"""Of one thing that is searched: logs and answers are smaller, and module zips hold nothing of a fleet's."""


class Lawful(NamedTuple):
    """Names a place where a secret may be, and says why."""

    place: str
    """A regular expression for the whole place."""
    secret: str
    """A regular expression for the whole name of the secret."""
    why: str


LAWFUL = (
    Lawful(r"file .*/modproxy-[^/]+/key\d+|key of (git|go|ssh)", "Secret .*/ssh-privatekey",
           "ssh reads a private key from a file only; the folder has mode 0700, and goes with the fetch"),
    Lawful(r"environ of (replica|runner|go env \w+|python .*)", "login of the machine",
           "the user has put a login into GOPROXY, and `go env` and the replica's workers have the user's settings"),
    Lawful(r"file .*/data/secrets/.*", "Secret .*", "a runner that was killed leaves its Secrets, in folders of mode "
           "0700; the next one removes them"),
    Lawful(r"file .*/data/peer-token", "token of the peers", "a runner that was killed leaves the file, of mode 0600; "
           "the next one writes another token"),
    Lawful(r"request to an upstream", "Secret .*|login of the machine", "the login is for this upstream"),
)  # fmt: skip
"""All places where a secret may be while programs run. The Secrets that a test mounts are never searched."""


@dataclass
class Watch:
    """Keeps what was seen since the last test, each thing once."""

    registry: Registry
    _seen: dict[tuple[str, bytes], None] = field(default_factory=dict)

    def saw(self, place: str, data: bytes | str) -> None:
        """Note what a program wrote; `place` says where."""
        content = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        self._seen[place, content[:MOST_BYTES]] = None

    def saw_files(self, folder: Path) -> None:
        """Note the files below a folder, as far as they can be read."""
        for path in folder.rglob("*"):
            try:
                if path.is_file() and not path.is_symlink() and path.stat().st_size <= MOST_BYTES:
                    self.saw(f"file {path}", path.read_bytes())
            except OSError:
                continue

    def leaks(self) -> list[str]:
        """Return a line for each place that shows a secret, and forget what was seen."""
        seen, self._seen = self._seen, {}
        found = ((place, name) for place, data in seen for name in self.registry.found_in(data))
        return list(dict.fromkeys(f"{place} shows {name}" for place, name in found if not lawful(place, name)))


def lawful(place: str, secret: str) -> bool:
    """Say whether this secret may be there."""
    return any(re.fullmatch(one.place, place) and re.fullmatch(one.secret, secret) for one in LAWFUL)


WATCH = Watch(REGISTRY)
