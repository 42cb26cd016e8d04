"""`bundle verify`: the check of a bundle without any network, and what it holds in words."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

from goproxy_operator.client.failure import EXIT_DONE, ClientError
from goproxy_operator.client.progress import progress
from modproxy.mod.bundle.archive_format import BundleError
from modproxy.mod.bundle.manifest import BundleManifest, Standing
from modproxy.mod.bundle.reading import CheckedBundle, check_bundle
from modproxy.mod.sumdb import Database


async def verify(file: Path, database: Database, *, listed: bool) -> int:
    """Check a bundle, and print what it holds. Returns the exit status; raises `ClientError`."""
    checked = await asyncio.to_thread(_check, file, database)
    manifest = checked.manifest
    if manifest.log is not None and checked.tree is None:
        raise ClientError(
            f"{file} is whole, and its records are of checksum database {manifest.log.database}, whose key is not "
            f"known here: name it with --sumdb NAME+HASH+KEY"
        )
    print(f"{file}: {words_of(manifest)}")
    print(f"exported: {manifest.exported}")
    if manifest.log is not None and checked.tree is not None:
        print(f"checksum database: {manifest.log.database}, tree of {checked.tree.size} records")
        if manifest.log.before:
            print(f"goes on from: the bundle with the tree of {manifest.log.before[-1]} records")
    if listed:
        for version in manifest.versions:
            print(f"{version}  {version.standing.value}{'' if version.zip else ', go.mod only'}")
    sys.stdout.flush()
    return EXIT_DONE


def _check(file: Path, database: Database) -> CheckedBundle:
    try:
        with file.open("rb") as opened, progress("verify", in_bytes=True) as shown:
            shown.total(file.stat().st_size)
            return check_bundle(opened, database, shown.at)
    except BundleError as e:
        raise ClientError(f"{file} is refused: {e}") from None
    except OSError as e:
        raise ClientError(f"{file}: {e.strerror}") from None


def words_of(manifest: BundleManifest) -> str:
    """Say what a bundle holds."""
    counts = Counter(version.standing for version in manifest.versions)
    size = sum(file.size for file in manifest.files) / (1 << 20)
    name = manifest.log.name if manifest.log is not None else "the checksum database"
    parts = [
        f"{counts[Standing.PUBLIC]} proved by {name}",
        f"{counts[Standing.HOSTED]} hosted",
        f"{counts[Standing.PRIVATE]} that nobody vouches for",
    ]
    return f"{len(manifest.versions)} versions, {size:.1f} MiB ({', '.join(parts)})"
