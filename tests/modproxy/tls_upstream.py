"""A fake upstream behind TLS, whose authority a replica is told to trust."""

import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.kubernetes.certificates import Authority
from tests.modproxy.fake_upstream import FakeUpstream


class TlsUpstream:
    """Serves the files of a fake upstream at https://localhost:PORT. `logins` has the Authorization of each request.

    `ca_file` has the authority's certificate.
    """

    def __init__(self, files: FakeUpstream, folder: Path) -> None:
        folder.mkdir(parents=True)
        authority = Authority(folder, "authority")
        pair = authority.issue("upstream", "localhost", hosts=["localhost"])
        self.ca_file = authority.file
        self.logins: list[str] = []
        self.url = ""
        self._files = files
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(pair.certificate, pair.key)
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.1)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.logins.append(request.headers.get("Authorization", ""))
        body = self._files.files.get(request.path.lstrip("/"))
        return web.Response(status=404) if body is None else web.Response(body=body)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._context).start()
        self.url = f"https://localhost:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
