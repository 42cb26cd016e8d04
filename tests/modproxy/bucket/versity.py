"""A real S3 with signatures: versitygw, which keeps a bucket as a folder. Its module here pins its version."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kubernetes import go_build
from tests.kubernetes.go_build import GoBuild

_MODULE = Path(__file__).parent / "versitygw"
BUCKET = "mods"
_PATIENCE = 20.0


class Versity:
    """A running gateway."""

    def __init__(self, folder: Path, secret: str, address: str = "127.0.0.1") -> None:
        self.folder = folder
        self.secret = secret
        self.key = "test"
        self._address = address
        with socket.create_server((address, 0)) as taken:
            self._port = taken.getsockname()[1]
        self.url = f"http://{address}:{self._port}"
        self._program = _built()
        self._process: subprocess.Popen[bytes] | None = None
        self.data = folder / "data"
        (self.data / BUCKET).mkdir(parents=True)

    def start(self, secret: str | None = None) -> None:
        """Start, or start again at the same port. `secret` is another one than before."""
        self.secret = secret or self.secret
        environment = {"ROOT_ACCESS_KEY": self.key, "ROOT_SECRET_KEY": self.secret, "HOME": str(self.folder)}
        command = [
            str(self._program),
            "--port",
            f"{self._address}:{self._port}",
            "--quiet",
            "--keep-alive",
            "posix",
            str(self.data),
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.folder)
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                socket.create_connection((self._address, self._port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.02)

    def stop(self) -> None:
        """Vanish."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def file(self, key: str, prefix: str = "fleet") -> Path:
        """Return where an object is."""
        return self.data / BUCKET / prefix / key


def _built() -> Path:
    built = GoBuild(
        name="versitygw",
        title="versitygw",
        module=_MODULE,
        packages=("github.com/versity/versitygw/cmd/versitygw",),
    )
    return go_build.ensure(built) / "versitygw"


@contextmanager
def versity(folder: Path, secret: str, address: str = "127.0.0.1") -> Iterator[Versity]:
    """Run a gateway below `folder`."""
    made = Versity(folder, secret, address)
    try:
        made.start()
        yield made
    finally:
        made.stop()
