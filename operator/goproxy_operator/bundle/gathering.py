"""The gathering of module versions into a folder, each checked as a go command checks it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from goproxy_operator.bundle.origin import Origin
from goproxy_operator.bundle.together import together
from goproxy_operator.client.failure import ClientError
from goproxy_operator.client.fleet_client import Refused
from modproxy.mod.answer import AnswerError, check_answer
from modproxy.mod.archive import ArchiveError, go_mod_hash
from modproxy.mod.bundle.manifest import BundledVersion, Standing
from modproxy.mod.bundle.names import largest
from modproxy.mod.path import ModulePath
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version
from modproxy.mod.zip_arriving import check_and_hash

_FOR_GOOD = frozenset([403, 451])
"""What a server answers for a version that its policy does not let out. Other errors may pass."""


@dataclass(frozen=True, slots=True)
class ToBundle:
    """Names a version that goes into a bundle."""

    module: ModulePath
    version: Version
    whole: bool = True
    """Whether more than its go.mod file is wanted."""
    mod_hash: str = ""
    """What the go.mod file has to hash to, where that is known before."""
    zip_hash: str = ""
    said_by: str = "go.sum"
    """What says so."""
    hosted: bool = False
    published: str = ""

    def __str__(self) -> str:
        return f"{self.module}@{self.version}"

    @property
    def targets(self) -> Sequence[Target]:
        """The files of the version."""
        kinds = (Kind.MOD, Kind.INFO, Kind.ZIP) if self.whole else (Kind.MOD,)
        return [Target(self.module, self.version, kind) for kind in kinds]


class Unfitting(Exception):
    """A version cannot go into a bundle; the message says why."""


async def gather(
    origin: Origin, folder: Path, wanted: Iterable[ToBundle]
) -> AsyncIterator[tuple[ToBundle, BundledVersion | Unfitting]]:
    """Fetch the files of versions into the folder, and yield what became of each. Raises `ClientError`.

    What is there already, from a command that was interrupted, is checked and used.
    """
    async for found in together(wanted, partial(_gathered, origin, folder)):
        yield found


async def _gathered(origin: Origin, folder: Path, wanted: ToBundle) -> tuple[ToBundle, BundledVersion | Unfitting]:
    before = [folder / target.key for target in wanted.targets if (folder / target.key).exists()]
    try:
        await _fetch(origin, folder, wanted)
        try:
            return wanted, await asyncio.to_thread(_checked, folder, wanted)
        except Unfitting:
            if not before:
                raise
        # What an earlier command left may be half of a file.
        for path in before:
            path.unlink(missing_ok=True)
        await _fetch(origin, folder, wanted)
        return wanted, await asyncio.to_thread(_checked, folder, wanted)
    except Unfitting as e:
        return wanted, e


async def _fetch(origin: Origin, folder: Path, wanted: ToBundle) -> None:
    for target in wanted.targets:
        path = folder / target.key
        if path.exists():
            continue
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        try:
            if not await origin.save(target.key, largest(target), path):
                raise Unfitting(f"{origin.name} has no {target.key}")
        except Refused as e:
            if e.status_code in _FOR_GOOD:
                raise Unfitting(str(e)) from None
            raise


def _checked(folder: Path, wanted: ToBundle) -> BundledVersion:
    """Check the files of a version. Raises `Unfitting`."""
    zip_hash = mod_hash = ""
    for target in wanted.targets:
        try:
            if target.kind is Kind.ZIP:
                with (folder / target.key).open("rb") as file:
                    zip_hash = check_and_hash(file, wanted.module, wanted.version)
                continue
            body = (folder / target.key).read_bytes()
            check_answer(target, body)
        except (AnswerError, ArchiveError) as e:
            raise Unfitting(f"its {target.kind.value} is not lawful: {e}") from None
        except OSError as e:
            raise ClientError(f"{folder / target.key}: {e.strerror}") from None
        if target.kind is Kind.MOD:
            mod_hash = go_mod_hash(body)
    for what, found, expected in (("go.mod file", mod_hash, wanted.mod_hash), ("zip", zip_hash, wanted.zip_hash)):
        if expected and found and found != expected:
            raise Unfitting(f"SECURITY: its {what} hashes to {found}, and {wanted.said_by} says {expected}")
    standing = Standing.HOSTED if wanted.hosted else Standing.PRIVATE
    return BundledVersion(wanted.module, wanted.version, standing, mod_hash, zip_hash, wanted.published)
