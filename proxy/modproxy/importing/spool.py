"""The folder for bundles that are being imported: each with a plan beside it from the moment on that it is taken."""

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from modproxy.importing.judging import Taken, Way
from modproxy.mod.bundle.manifest import BundleManifest
from modproxy.mod.strict_json import read_object

LARGEST_BUNDLE = 256 << 30
"""In bytes: more than any fleet holds. It is the disk that bounds a bundle."""
_LEFT_FREE = 256 << 20
"""In bytes: the disk keeps so much for what else is written meanwhile."""
_BUNDLE, _PLAN = ".bundle", ".plan"


class Spool:
    """Keeps bundles in files. All of it blocks and raises `OSError`."""

    def __init__(self, folder: Path, most: Callable[[], int]) -> None:
        """`most` returns how many bytes bundles may have beside the published modules."""
        self.folder = folder
        self._most = most
        self.used_bytes = 0
        """The bytes of the bundles that are here."""

    def room(self) -> int:
        """Return how many bytes the disk takes now, as far as the volume of the replica may be filled."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return max(0, min(shutil.disk_usage(self.folder).free - _LEFT_FREE, self._most() - self.used_bytes))

    def new(self) -> Path:
        """Return the path for a new bundle."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f"{secrets.token_hex(8)}{_BUNDLE}"

    def commit(self, bundle: Path, taken: Sequence[Taken]) -> None:
        """Write down that an import is to be carried to its end. Both files are on stable storage after it."""
        versions = [[one.version.module, one.version.version, one.way.value, one.voucher, one.alone] for one in taken]
        plan = bundle.with_suffix(_PLAN)
        draft = plan.with_suffix(".draft")
        with bundle.open("rb") as file:
            os.fsync(file.fileno())
        with draft.open("w") as out:
            json.dump({"taken": versions}, out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(plan)
        _settle(self.folder)

    def planned(self) -> list[Path]:
        """Return the bundles that have a plan, and remove what else is here: it was never taken."""
        if not self.folder.is_dir():
            return []
        plans = {path.stem for path in self.folder.glob(f"*{_PLAN}")}
        for path in self.folder.iterdir():
            if path.suffix not in (_BUNDLE, _PLAN) or path.stem not in plans:
                path.unlink(missing_ok=True)
        found = sorted(path for path in self.folder.glob(f"*{_BUNDLE}") if path.stem in plans)
        self.used_bytes = sum(path.stat().st_size for path in found)
        return found

    def plan_of(self, bundle: Path, manifest: BundleManifest) -> list[Taken]:
        """Return what was decided of a bundle. Raises `ValueError` where it does not fit the bundle."""
        found: dict[str, Any] = read_object(bundle.with_suffix(_PLAN).read_bytes())
        versions = {(one.module, one.version): one for one in manifest.versions}
        try:
            return [
                Taken(versions[module, version], Way(way), text, alone)
                for module, version, way, text, alone in found["taken"]
            ]
        except (KeyError, TypeError) as e:
            raise ValueError(f"the plan does not fit its bundle: {e}") from None

    def remove(self, bundle: Path) -> None:
        """Remove a bundle, its plan first."""
        bundle.with_suffix(_PLAN).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self.used_bytes = max(0, self.used_bytes - bundle.stat().st_size)
            bundle.unlink()


def _settle(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
