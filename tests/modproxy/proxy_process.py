"""The real program as a process: tests start it with a config, send it requests, and stop it by a signal."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from modproxy.contract.report import Report
from tests.secrecy.harness import note_environment, note_secrets
from tests.secrecy.programs import look_at_process, programs
from tests.secrecy.registry import REGISTRY
from tests.secrecy.watch import WATCH


@dataclass(frozen=True)
class Reply:
    """Carries a whole answer."""

    status: int
    body: bytes
    headers: CIMultiDict[str]

    @property
    def text(self) -> str:
        return self.body.decode()


PYTHON = sys.executable
"""The command line that runs the program."""
_MOST_NOTED = 16 << 10
"""Bytes of an answer that is searched for secrets: words for people are shorter."""


class ProxyProcess:
    """Runs `modproxy` with `config`, a document without listeners and cache directory. Use it as a context manager.

    `first_readyz` is the status of `/-/readyz` that shows that the program has started.
    """

    def __init__(
        self,
        folder: Path,
        config: dict[str, Any],
        env: dict[str, str] | None = None,
        *,
        first_readyz: int = 200,
        arguments: tuple[str, ...] = (),
        stdout: int | None = None,
    ) -> None:
        self._stdout = stdout
        self._arguments = arguments
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.cache = folder / "cache"
        self.config_file = folder / "config.json"
        self._env = env or {}
        # Its path is short, because the path of a Unix socket is.
        self._temporary = Path(tempfile.mkdtemp(prefix="replica-"))
        self._config = config
        self._first_readyz = first_readyz
        self._sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.url, self.admin_url = (f"http://127.0.0.1:{s.getsockname()[1]}" for s in self._sockets)
        self.process: asyncio.subprocess.Process | None = None
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    def write_config(self, **changed: Any) -> None:
        """Write the config file anew with these top-level keys replaced."""
        self._config.update(changed)
        self._note_secrets()
        clients, admin = (s.fileno() for s in self._sockets)
        cache = {"dir": str(self.cache), **self._config.get("cache", {})}
        document = {**self._config, "listen": f"fd:{clients}", "admin": f"fd:{admin}", "cache": cache}
        draft = self.config_file.with_suffix(".draft")
        draft.write_text(json.dumps(document))
        draft.replace(self.config_file)

    async def start(self) -> None:
        """Start the program and wait until it is ready."""
        self.write_config()
        with (self.folder / "log").open("ab") as log, (self.folder / "output").open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                PYTHON, "-m", "modproxy", "--config", str(self.config_file), *self._arguments,
                stdout=self._stdout or output, stderr=log, env=self._environment(),
                pass_fds=[s.fileno() for s in self._sockets],
            )  # fmt: skip
        ready = await self.session.get(f"{self.admin_url}/-/readyz", timeout=aiohttp.ClientTimeout(60))
        assert ready.status == self._first_readyz, self.log()

    def _environment(self) -> dict[str, str]:
        # A machine without Go uses the go command of the virtual environment.
        path = f"{os.environ['PATH']}:{Path(sys.executable).parent}"
        # Made modules are in no checksum database.
        path = f"{programs().path}:{path}"
        note_environment(self._env)
        kept = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        return {**kept, "GOSUMDB": "off", "PATH": path, "TMPDIR": str(self._temporary), **self._env}

    def _note_secrets(self) -> None:
        if "secretsDir" in self._config:
            note_secrets(Path(self._config["secretsDir"]))

    async def look(self) -> None:
        """Note what the program shows of itself, so that it is searched for secrets at the end of the test."""
        self._note_secrets()
        if self.process is not None and self.process.returncode is None:
            look_at_process(WATCH, "replica", self.process.pid)
            for what in ("metrics", "-/report"):
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                    async with self.session.get(f"{self.admin_url}/{what}", timeout=aiohttp.ClientTimeout(2)) as answer:
                        WATCH.saw(what, await answer.read())
        programs().tell(WATCH)
        WATCH.saw_files(self._temporary)
        WATCH.saw_files(self.cache / ".modproxy")

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()
        if error is not None:
            print(self.log())

    async def _end(self) -> None:
        await self.look()
        await self.kill()
        WATCH.saw("log of the replica", self.log())
        WATCH.saw("output of the replica", (self.folder / "output").read_bytes())
        shutil.rmtree(self._temporary, ignore_errors=True)
        await self.session.close()
        for listener in self._sockets:
            listener.close()

    async def kill(self, number: int = signal.SIGKILL) -> int:
        """Send a signal and return the exit code."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        return await self.process.wait()

    def log(self) -> str:
        return (self.folder / "log").read_text()

    async def get(self, key: str, method: str = "GET", **headers: str) -> Reply:
        """Request a path below the base. Raises `aiohttp.ClientError` when the answer breaks off."""
        url = URL(f"{self.url}/{key}", encoded=True)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        REGISTRY.add_authorization(named.get("Authorization", ""), "credential of a client")
        async with self.session.request(method, url, headers=named) as response:
            reply = Reply(response.status, await response.read(), CIMultiDict(response.headers))
        if len(reply.body) < _MOST_NOTED:
            WATCH.saw(f"answer {reply.status}", f"{reply.headers!r}".encode() + reply.body)
        return reply

    async def report(self) -> Report:
        async with self.session.get(f"{self.admin_url}/-/report") as response:
            return Report.model_validate_json(await response.read())

    async def until_report(self, predicate: Callable[[Report], bool], *, seconds: float = 10) -> Report:
        """Request the report until it is as it should be."""
        async with asyncio.timeout(seconds):
            while not predicate(report := await self.report()):
                await asyncio.sleep(0.02)
        return report

    async def metrics(self) -> str:
        async with self.session.get(f"{self.admin_url}/metrics") as response:
            return await response.text()

    async def settled(self) -> None:
        """Wait until each file that is served is on the disk."""
        async with asyncio.timeout(10):
            while "modproxy_cache_pending 0.0\n" not in await self.metrics():
                await asyncio.sleep(0.01)

    async def forget_hits(self) -> None:
        """Make the program look at its files again, which it does for each request after a change of the config."""
        before = (await self.report()).config.generation
        timeout = float(self._config.get("shutdown", {}).get("timeout", "30s")[:-1])
        self.write_config(shutdown={"timeout": f"{timeout + 1:.0f}s"})
        await self.until_report(lambda report: report.config.generation > before)

    async def held(self) -> list[str]:
        """Return the keys of the stored files that a go command could request, once they are on the disk."""
        await self.settled()
        return self.files_on_disk()

    def files_on_disk(self) -> list[str]:
        """Return the keys of the files that are on the disk at this moment."""
        files = (p.relative_to(self.cache) for p in self.cache.rglob("*") if p.is_file())
        return sorted(str(p) for p in files if p.parts[0] != ".modproxy")
