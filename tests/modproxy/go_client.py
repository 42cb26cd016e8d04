"""The real go command as a client. Each client has an environment of its own, so that clients share only the proxy."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.secrecy.harness import note_environment, note_netrc
from tests.secrecy.watch import WATCH


@dataclass(frozen=True)
class Result:
    """Carries what a go command printed, and its exit code."""

    code: int
    out: str
    err: str


class GoClient:
    """Stands for a developer's machine, with an empty module cache and with settings that name only `goproxy`."""

    def __init__(self, folder: Path, goproxy: str, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.project = folder / "project"
        self.project.mkdir(exist_ok=True)
        self.module_cache = folder / "modules"
        keep = {name: os.environ[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}
        self._env = {
            **keep,
            "PATH": f"{os.environ['PATH']}:{Path(sys.executable).parent}",
            "HOME": str(folder),
            "GOMODCACHE": str(self.module_cache),
            "GOCACHE": str(folder / "build"),
            "GOENV": "off",
            "GOPROXY": goproxy,
            "GOSUMDB": "off",
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "-modcacherw",
            **settings,
        }

    async def go(self, *args: str) -> Result:
        """Run `go ARGS` in the project's folder."""
        note_environment(self._env, "credential of a client")
        note_netrc(self.project.parent / ".netrc", "credential of a client")
        process = await asyncio.create_subprocess_exec(
            "go", *args, cwd=self.project, env=self._env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        WATCH.saw(f"output of go {' '.join(args[:1])}", out + err)
        return Result(process.returncode or 0, out.decode(), err.decode())

    async def succeed(self, *args: str) -> str:
        """Run `go ARGS`, and return what it printed. Raises `AssertionError` with its errors when it fails."""
        result = await self.go(*args)
        assert result.code == 0, result.err
        return result.out
