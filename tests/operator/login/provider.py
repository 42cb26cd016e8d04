"""An OpenID provider on loopback for logins, and the real commands as processes."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from aiohttp import web

from tests.secrecy.registry import REGISTRY, new_secret
from tests.secrecy.watch import WATCH


class Provider:
    """Gives tokens by the device flow, for a refresh token, and for a client's secret. It counts them.

    A refresh token is good once (RFC 9700, section 4.14.2): whoever sends an old one ends the login.
    """

    def __init__(self) -> None:
        self.url = ""
        self.given = 0
        self.life = 3600
        self.pending = 1
        self.refused: tuple[int, str] | None = None
        """The status and the error of each answer of the token endpoint, where it refuses."""
        self.forms: list[dict[str, str]] = []
        self.client_secret = new_secret("client")
        self.refresh = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._metadata)
        app.router.add_post("/device", self._device)
        app.router.add_post("/token", self._token)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "http://{}:{}".format(*self._runner.addresses[0][:2])

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _metadata(self, _: web.Request) -> web.Response:
        return web.json_response({
            "issuer": self.url, "token_endpoint": f"{self.url}/token",
            "device_authorization_endpoint": f"{self.url}/device",
        })  # fmt: skip

    async def _device(self, request: web.Request) -> web.Response:
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        if self.forms[-1]["client_id"] == "stranger":
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({
            "device_code": "d", "user_code": "WXYZ", "verification_uri": f"{self.url}/enter", "interval": 0.05,
            "expires_in": 30,
        })  # fmt: skip

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append(form)
        if self.refused:
            return web.json_response({"error": self.refused[1]}, status=self.refused[0])
        if form["grant_type"].endswith("device_code") and self.pending:
            self.pending -= 1
            return web.json_response({"error": "authorization_pending"}, status=400)
        good = {
            "device_code": form.get("device_code") == "d",
            "refresh_token": form.get("refresh_token") == self.refresh != "",
            "client_credentials": form.get("client_secret") == self.client_secret,
        }
        if not good[form["grant_type"].rpartition(":")[2]]:
            self.refresh = ""
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.given += 1
        more = {}
        if "client_secret" not in form:
            self.refresh = new_secret("refresh")
            more = {"refresh_token": self.refresh}
        return web.json_response({"access_token": f"h.p{self.given}.s", "expires_in": self.life} | more)


async def run(folder: Path, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Run `goproxy-operator ARGUMENTS` with its tokens below `folder`. Returns exit status, output, errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "goproxy_operator", *arguments, env={**os.environ, "XDG_STATE_HOME": str(folder)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate(stdin.encode())
    WATCH.saw(f"errors of {arguments[0]}", err)
    if arguments[0] != "goauth":
        WATCH.saw(f"output of {arguments[0]}", out)
    assert "Traceback" not in err.decode()
    assert not REGISTRY.found_in(err)
    return process.returncode or 0, out.decode(), err.decode()
