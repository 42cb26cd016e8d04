"""Secrets as files: each has a folder, each key a file. The replicas read them anew for each use."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from goproxy_operator.local.secret_documents import Secret
from goproxy_operator.private_file import write_private


class SecretFiles:
    """Keeps the files below `folder`, which only this user can read. At the start it removes older ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cleared = False

    def put(self, secrets: Sequence[Secret]) -> None:
        """Write the keys that differ, each whole or not at all. Raises `OSError`."""
        if not self._cleared:
            self.remove()
            self._cleared = True
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for secret in secrets:
            below = self.folder / secret.name
            below.mkdir(mode=0o700, exist_ok=True)
            for key, content in secret.data.items():
                write_private(below / key, content)

    def keep_only(self, secrets: Sequence[Secret]) -> None:
        """Remove the files of other Secrets and of other keys."""
        kept = {secret.name: secret.data.keys() for secret in secrets}
        for below in list(self.folder.iterdir()):
            if below.name not in kept:
                shutil.rmtree(below)
                continue
            for file in list(below.iterdir()):
                if file.name not in kept[below.name]:
                    file.unlink()

    def remove(self) -> None:
        """Remove the folder with all files."""
        if self.folder.is_symlink():
            self.folder.unlink()
        elif self.folder.exists():
            shutil.rmtree(self.folder)
