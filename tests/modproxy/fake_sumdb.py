"""A checksum database for tests: a list of records, whose tree is computed by definition and signed."""

import base64
import hashlib
import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from modproxy.mod.path import escape
from tests.modproxy.fake_upstream import FakeUpstream

NAME = "sum.example.com"
WIDTH = 256


class FakeSumdb:
    """Makes the answers of a checksum database, which a fake upstream serves. Call `publish` after each change.

    `records` are the texts in order; lookups name them by `path@version`.
    """

    def __init__(self, name: str = NAME) -> None:
        self.name = name
        self.records: list[bytes] = []
        self.lookups: dict[str, int] = {}
        self._key = Ed25519PrivateKey.generate()
        public = b"\x01" + self._key.public_key().public_bytes_raw()
        self._key_hash = hashlib.sha256(f"{name}\n".encode() + public).digest()[:4]
        self.verifier_key = f"{name}+{self._key_hash.hex()}+{base64.b64encode(public).decode()}"

    def pad(self, count: int) -> None:
        """Add records that no test looks up, so that the tree has more than one tile."""
        for number in range(count):
            self.records.append(f"example.com/pad{number} v1.0.0 h1:x\n".encode())

    def record(self, path: str, version: str, zip_hash: str, mod_hash: str) -> None:
        """Add a module's record."""
        self.lookups[f"{escape(path)}@{escape(version)}"] = len(self.records)
        self.records.append(f"{path} {version} {zip_hash}\n{path} {version}/go.mod {mod_hash}\n".encode())

    def head(self, size: int | None = None) -> bytes:
        """Sign the tree of the first `size` records."""
        leaves = self._leaves()[:size]
        text = f"go.sum database tree\n{len(leaves)}\n{base64.b64encode(root(leaves)).decode()}\n"
        signature = base64.b64encode(self._key_hash + self._key.sign(text.encode())).decode()
        return f"{text}\n\u2014 {self.name} {signature}\n".encode()

    def _leaves(self) -> list[bytes]:
        return [hashlib.sha256(b"\x00" + record).digest() for record in self.records]

    def publish(self, files: dict[str, bytes]) -> None:
        """Put all answers into an upstream's files: each lookup, every tile, whole and partial, and the head."""
        base = f"sumdb/{self.name}"
        for key in [key for key in files if key.startswith(base)]:
            del files[key]
        files[f"{base}/supported"] = b""
        files[f"{base}/latest"] = head = self.head()
        for name, number in self.lookups.items():
            answer = f"{number}\n".encode() + self.records[number] + b"\n" + head
            files[f"{base}/lookup/{name}"] = answer
        level, hashes = 0, self._leaves()
        while hashes:
            for number in range(0, len(hashes), WIDTH):
                row = hashes[number : number + WIDTH]
                path = f"{base}/tile/8/{level}/{number // WIDTH:03d}"
                for width in range(1, min(len(row) + 1, WIDTH)):
                    files[f"{path}.p/{width}"] = b"".join(row[:width])
                if len(row) == WIDTH:
                    files[path] = b"".join(row)
            complete = len(hashes) // WIDTH
            hashes = [root(hashes[n * WIDTH : (n + 1) * WIDTH]) for n in range(complete)]
            level += 1

    def requests(self, upstream: FakeUpstream) -> list[str]:
        """Name the lookups that reached the upstream."""
        return [key for key in upstream.requests if re.search("/lookup/", key)]


def root(leaves: list[bytes]) -> bytes:
    """Return the tree's root by the definition of RFC 6962."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return hashlib.sha256(b"\x01" + root(leaves[:middle]) + root(leaves[middle:])).digest()
