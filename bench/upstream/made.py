"""Made modules: a folder of their files and of a checksum database that vouches for them.

Modules are example.com/bench/m0, m1, ..., each with v1.0.0.
"""

import base64
import hashlib
import io
import random
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modproxy.mod.path import escape
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.module_files import go_mod, info, module_zip

VERSION = "v1.0.0"
MIB = "example.com/bench/mib"
"""The module with a zip of 1 MiB."""
LARGE = "example.com/bench/large"
"""The module with a large zip."""
_MEDIAN_PAYLOAD = 130_000
_SPREAD = 1.0
_LARGEST_PAYLOAD = 4_000_000


def module(number: int) -> str:
    """Name a module."""
    return f"example.com/bench/m{number}"


def keys(number: int) -> list[str]:
    """Name the files of a module in the order in which a go command asks for them."""
    return keys_of(module(number))


def keys_of(path: str) -> list[str]:
    """Name the files of a module by its path."""
    return [f"{escape(path)}/@v/{VERSION}.{suffix}" for suffix in ("info", "mod", "zip")]


@dataclass
class MadeModules:
    """Collects made modules; `write` puts them into a folder that an upstream serves."""

    seed: int = 1
    files: dict[str, bytes] = field(default_factory=dict)
    database: FakeSumdb = field(default_factory=FakeSumdb)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    @property
    def gosumdb(self) -> str:
        """The checksum database in the syntax of GOSUMDB."""
        return self.database.verifier_key

    def add_real_sizes(self, count: int) -> None:
        """Add modules whose zips have the sizes of real ones: log-normal around 130 KB."""
        for number in range(count):
            size = min(int(_MEDIAN_PAYLOAD * self._chance.lognormvariate(0, _SPREAD)), _LARGEST_PAYLOAD)
            self.add(module(number), {"m.go": self.random(size)})

    def add_many_entries(self, count: int, entries: int, entry_bytes: int) -> None:
        """Add modules of many small files that compress as source code does."""
        for number in range(count):
            self.add(module(number), {f"internal/p{n % 20}/f{n}.go": self.source(entry_bytes) for n in range(entries)})

    def add(self, path: str, files: Mapping[str, bytes]) -> None:
        """Add a module with these files beside its go.mod."""
        mod = go_mod(path)
        content = module_zip(path, VERSION, {"go.mod": mod, **files})
        self.add_zip(path, content)

    def add_zip(self, path: str, content: bytes) -> None:
        """Add a module by its zip."""
        mod = go_mod(path)
        stem = f"{escape(path)}/@v/"
        self.files[f"{stem}{VERSION}.info"] = info(VERSION)
        self.files[f"{stem}{VERSION}.mod"] = mod
        self.files[f"{stem}{VERSION}.zip"] = content
        self.files[f"{stem}list"] = f"{VERSION}\n".encode()
        self.database.record(path, VERSION, zip_hash(content), h1({"go.mod": mod}.items()))

    def random(self, size: int) -> bytes:
        """Make bytes that cannot be packed."""
        return self._chance.randbytes(size)

    def source(self, size: int) -> bytes:
        """Make text that deflates to about a third, as source code does."""
        words = self._chance.choices(_WORDS, k=size // 6)
        return " ".join(words).encode()[:size]

    def write(self, folder: Path) -> None:
        """Write all files, and what the checksum database says of them."""
        self.database.publish(self.files)
        for key, content in self.files.items():
            file = folder / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def make_large(path: str, mebibytes: int) -> bytes:
    """Make a module's zip of at least this size: as many random entries as entries of text."""
    chance = random.Random(1)
    block = MadeModules().source(1 << 20)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(f"{path}@{VERSION}/go.mod", go_mod(path))
        number = 0
        while out.tell() < mebibytes << 20:
            archive.writestr(f"{path}@{VERSION}/random/r{number}.bin", chance.randbytes(1 << 20))
            cut = chance.randrange(len(block))
            archive.writestr(f"{path}@{VERSION}/text/t{number}.go", block[cut:] + block[:cut])
            number += 1
    return out.getvalue()


def zip_hash(content: bytes) -> str:
    """Return the `h1:` hash of a module's zip by its definition (golang.org/x/mod/sumdb/dirhash)."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return h1((name, archive.read(name)) for name in archive.namelist())


def h1(files: Iterable[tuple[str, bytes]]) -> str:
    """Return the `h1:` hash of files by name."""
    lines = sorted((name, hashlib.sha256(body).hexdigest()) for name, body in files)
    summary = "".join(f"{digest}  {name}\n" for name, digest in lines)
    return "h1:" + base64.b64encode(hashlib.sha256(summary.encode()).digest()).decode()


_WORDS = Path(__file__).read_text().split()
"""Words of source code: those of this file."""
