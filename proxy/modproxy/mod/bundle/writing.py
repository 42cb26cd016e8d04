"""The writing of a bundle from the files of a tree."""

from collections.abc import Callable
from typing import BinaryIO

from modproxy.mod.bundle.archive_format import END, BundleError, header, padding
from modproxy.mod.bundle.manifest import MANIFEST, MOST_FILES, BundleManifest
from modproxy.mod.bundle.reading import Told

_PIECE = 1 << 20


def write_bundle(
    out: BinaryIO, manifest: BundleManifest, open_file: Callable[[str], BinaryIO], told: Told = lambda _: None
) -> None:
    """Write a bundle. `open_file` opens each file of the manifest by its name. Raises `OSError`.

    Raises `BundleError` for more files than a bundle may have. The same manifest and files give the same bytes.
    """
    if len(manifest.files) > MOST_FILES:
        raise BundleError(f"{len(manifest.files)} files are more than the {MOST_FILES} of one bundle: use --since")
    first = manifest.write()
    out.write(header(MANIFEST, len(first)) + first + padding(len(first)))
    for expected in manifest.files:
        out.write(header(expected.name, expected.size))
        left = expected.size
        with open_file(expected.name) as file:
            while piece := file.read(min(left, _PIECE)):
                out.write(piece)
                left -= len(piece)
                told(len(piece))
        if left:
            raise BundleError(f"{expected.name!r} became shorter while the bundle was written: export it again")
        out.write(padding(expected.size))
    out.write(END)
