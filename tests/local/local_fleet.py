"""`goproxy-operator local` as a process: tests start it on a file, read its lines, send requests, and stop it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from tests.secrecy.harness import note_documents, note_environment
from tests.secrecy.programs import look_at_process, programs
from tests.secrecy.registry import REGISTRY
from tests.secrecy.watch import WATCH

PATIENCE = 30.0
"""After so many seconds a wait has failed. It is far more than any wait needs."""
API_VERSION = "goproxy-operator.dev/v1alpha1"


def document(upstream: str, rest: str = "", *, name: str = "team-a", replicas: int = 1) -> str:
    """Return a GoProxy in front of `upstream`. `rest` is more of its spec, indented by two."""
    head = f"apiVersion: {API_VERSION}\nkind: GoProxy\nmetadata: {{name: {name}}}\n"
    return f"{head}spec:\n  replicas: {replicas}\n  upstream: {{goproxy: {upstream}}}\n{rest}"


class LocalFleet:
    """Runs the runner with FILE and its caches below `folder`; `lines` is what it printed.

    Use it as a context manager.
    """

    def __init__(
        self,
        folder: Path,
        text: str,
        listen: str = "127.0.0.1:0",
        *,
        env: dict[str, str] | None = None,
        arguments: tuple[str, ...] = (),
    ) -> None:
        self._arguments = arguments
        self.file = folder / "goproxy.yaml"
        note_documents(text)
        self.file.write_text(text)
        self.data = folder / "data"
        self.listen = listen
        self._env = env or {}
        self.lines: list[str] = []
        self._news = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "goproxy_operator", "local"),
            *("-f", str(self.file), "--listen", self.listen, "--data-dir", str(self.data), *self._arguments),
            env=self._environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    def _environment(self) -> dict[str, str]:
        note_environment(self._env)
        kept = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        # Made modules are in no checksum database.
        return kept | {"GOSUMDB": "off", "PATH": f"{programs().path}:{os.environ['PATH']}"} | self._env

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            look_at_process(WATCH, "runner", self._process.pid)
        if (token := self.data / "peer-token").exists():
            REGISTRY.add(token.read_text(), "token of the peers")
        await self.end(signal.SIGTERM)
        WATCH.saw("output of the runner", "\n".join(self.lines))
        programs().tell(WATCH)
        WATCH.saw_files(self.data)

    async def end(self, number: int) -> int:
        """Send the runner a signal, if it still runs, and return its exit code."""
        assert self._process is not None
        assert self._reader is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        return await self.exit_code()

    async def exit_code(self) -> int:
        """Wait until the runner has ended and its output is read."""
        assert self._process is not None
        assert self._reader is not None
        async with asyncio.timeout(PATIENCE):
            await self._reader
            return await self._process.wait()

    async def line(self, pattern: str, *, since: int = 0) -> re.Match[str]:
        """Wait for a line that `pattern` matches, among the lines from number `since` on."""
        found: list[re.Match[str]] = []

        def there() -> bool:
            found.extend(match for line in self.lines[since:] if (match := re.search(pattern, line)))
            return bool(found)

        try:
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(there)
        except TimeoutError:
            raise AssertionError(f"no line has {pattern!r} in it:\n" + "\n".join(self.lines)) from None
        return found[0]

    async def url(self) -> str:
        """The URL that the runner tells its user to set as GOPROXY."""
        return (await self.line(r"^export GOPROXY=(\S+)$"))[1]

    async def get(self, key: str, host: str | None = None) -> tuple[int, str]:
        """Send a request through the fleet, with a Host header of its own if need be. Returns status and body."""
        headers = {"Host": host} if host else {}
        timeout = aiohttp.ClientTimeout(PATIENCE)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{await self.url()}/{key}", headers=headers) as response,
        ):
            return response.status, await response.text()

    async def answers(self, key: str, status: int) -> str:
        """Wait until an answer has the status, and return its body."""
        got = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while True:
                    got, body = await self.get(key)
                    if got == status:
                        return body
                    await asyncio.sleep(0.1)
        raise AssertionError(f"{key} answers {got}, not {status}:\n" + "\n".join(self.lines))

    def rewrite(self, text: str) -> int:
        """Replace FILE as an editor does. Returns the number of lines that were printed before."""
        draft = self.file.with_suffix(".draft")
        note_documents(text)
        draft.write_text(text)
        draft.replace(self.file)
        return len(self.lines)

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._news:
                self.lines.append(line.decode().rstrip("\n"))
                self._news.notify_all()
