"""Hosted modules of a bundle, published as a publisher publishes them: with their `.info` and their time."""

import datetime
import time

from modproxy.hosted.claim import Claim, sha256_of
from modproxy.hosted.shelf import Done, HostedShelf, Refused
from modproxy.importing.placing import NotRestored, OpenedFile
from modproxy.mod.bundle.manifest import BundledVersion


class ShelfPublications:
    """Publishes on the shelf of hosted modules. `mixed` says whether others have versions of a module too."""

    def __init__(self, shelf: HostedShelf) -> None:
        self._shelf = shelf

    async def restore(
        self, version: BundledVersion, info: bytes, go_mod: bytes, zip_file: OpenedFile, *, mixed: bool
    ) -> bool:
        """Publish a version for good. Returns whether it is new. Raises `NotRestored`, and `BucketError`."""
        claim = Claim(
            zip_file.size, zip_file.sha256, version.zip, sha256_of(go_mod), len(go_mod), info.decode(), "",
            _moment(version.published),
        )  # fmt: skip
        try:
            if mixed:
                await self._shelf.mark_mixed(version.module)
            done, _ = await self._shelf.publish(version.module, version.version, claim, zip_file.open, go_mod)
        except Refused as e:
            raise NotRestored(e.reason) from None
        return done is not Done.SAME


def _moment(published: str) -> float:
    try:
        return datetime.datetime.fromisoformat(published).timestamp()
    except ValueError:
        return round(time.time(), 3)
