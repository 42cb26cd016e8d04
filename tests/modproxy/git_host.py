"""A company's git host on loopback: `git http-backend` over TLS behind basic auth, and go-import pages before it."""

import asyncio
import base64
import os
import ssl
import subprocess
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from aiohttp import web

from tests.kubernetes.certificates import Authority, KeyPair

HOST = "git.corp.example.com"


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class GitHost:
    """Serves the repositories below `folder` as https://git.corp.example.com/NAME.

    `login` may be changed at any time. Every answer waits for `delay` seconds. `answers` replace the answers to paths,
    without a login. `paths` counts requests, `sent` the bytes that git sent of a repository.

    On `plain_port` it serves the same without TLS, where `plain_logins` notes every login that is sent.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.login = ("robot", "first-secret")
        self.delay = 0.0
        self.port = self.plain_port = 0
        self.open_to_all = False
        self.plain_logins: list[str] = []
        self.answers: dict[str, Handler] = {}
        self.paths: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        authority = Authority(folder, "corp-ca")
        self.ca_file = authority.file
        self._pair: KeyPair = authority.issue("git-host", HOST, hosts=[HOST])
        self._runner: web.ServerRunner | None = None

    def commit(self, name: str, files: dict[str, str], *tags: str, branch: str = "main") -> str:
        """Commit these files to a repository, made when it is new, and return the commit's hash."""
        work = self.folder / f"{name}.work"
        if not work.exists():
            work.mkdir(parents=True)
            self._git(work, "init", "-q", "-b", "main")
        if self._git(work, "branch", "--show-current") != branch:
            self._git(work, "checkout", "-q", "-B", branch)
        for file, text in files.items():
            (work / file).parent.mkdir(parents=True, exist_ok=True)
            (work / file).write_text(text)
        self._git(work, "add", "-A")
        self._git(work, "commit", "-q", "--allow-empty", "-m", "work")
        for tag in tags:
            self._git(work, "tag", "-f", tag)
        self._git(work, "update-server-info")
        return self._git(work, "rev-parse", "HEAD")

    def _git(self, work: Path, *args: str) -> str:
        env = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_AUTHOR_DATE": "2024-02-03T04:05:06Z",
            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
            "GIT_COMMITTER_DATE": "2024-02-03T04:05:06Z",
        }  # fmt: skip
        done = subprocess.run(["git", *args], cwd=work, env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(self.delay)
        self.paths[request.path] += 1
        if request.path in self.answers:
            return await self.answers[request.path](request)
        if (sent := request.headers.get("Authorization")) and not request.secure:
            self.plain_logins.append(sent)
        expected = base64.b64encode(":".join(self.login).encode()).decode()
        if not self.open_to_all and request.headers.get("Authorization") != f"Basic {expected}":
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="corp"'})
        if request.query.get("go-get") == "1":
            return self._go_import(request.path.strip("/"))
        return await self._backend(request)

    def _go_import(self, path: str) -> web.Response:
        name = path.partition("/")[0]
        if not (self.folder / f"{name}.work").exists():
            return web.Response(status=404, text="no such repository")
        meta = f'<meta name="go-import" content="{HOST}/{name} git https://{HOST}/{name}.git">'
        return web.Response(text=f"<html><head>{meta}</head></html>", content_type="text/html")

    async def _backend(self, request: web.BaseRequest) -> web.Response:
        """Run git's own CGI program. The server has unpacked the request already."""
        env = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.folder), "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": request.method, "QUERY_STRING": request.query_string,
            "PATH_INFO": request.path.replace(".git/", ".work/.git/", 1),
            "CONTENT_TYPE": request.headers.get("Content-Type", ""), "REMOTE_USER": self.login[0],
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            "git", "http-backend", env=env, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate(await request.read())
        head, _, body = out.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200").split()[0])
        self.sent[request.path.strip("/").partition(".git")[0]] += len(body)
        return web.Response(status=status, body=body, headers=headers)

    async def __aenter__(self) -> Self:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._pair.certificate, self._pair.key)
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context).start()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port, self.plain_port = (address[1] for address in self._runner.addresses)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()


class Egress:
    """An HTTP proxy for requests that leave the replica. It listens on `address`.

    It leads every name in `ports` to that port of loopback, for CONNECT only, and every name in `plain` to that port
    for plain requests. It notes every name that a client requests with CONNECT.
    """

    def __init__(self, ports: dict[str, int], address: str = "127.0.0.1") -> None:
        self.ports = ports
        self.plain: dict[str, int] = {}
        self.refusal = "502 Bad Gateway"
        self._address = address
        self.asked: list[str] = []
        self.url = ""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            verb, place, _ = head.decode("latin-1").split(" ", 2)
            if verb != "CONNECT" and (port := self.plain.get(urlsplit(place).hostname or "")):
                inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
                inner_writer.write(head)
                await asyncio.gather(_pipe(reader, inner_writer), _pipe(inner_reader, writer))
                return
            host = place.partition(":")[0]
            self.asked.append(host)
            if verb != "CONNECT" or host not in self.ports:
                writer.write(f"HTTP/1.1 {self.refusal}\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
                return
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.ports[host])
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await asyncio.gather(_pipe(reader, inner_writer), _pipe(inner_reader, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._address, 0)
        self.url = f"http://{self._address}:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
