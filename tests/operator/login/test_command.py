"""The real commands against an issuer on loopback: a person's login, a CI job's, and what the go command gets."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

FLEET = "https://goproxy.example.com"


class Provider:
    """Gives tokens by the device flow, for a refresh token, and for a client's secret. It counts them."""

    def __init__(self) -> None:
        self.url = ""
        self.given = 0
        self.life = 3600
        self.pending = 1

    async def metadata(self, _: web.Request) -> web.Response:
        return web.json_response({
            "issuer": self.url, "token_endpoint": f"{self.url}/token",
            "device_authorization_endpoint": f"{self.url}/device",
        })  # fmt: skip

    async def device(self, _: web.Request) -> web.Response:
        return web.json_response({
            "device_code": "d", "user_code": "WXYZ", "verification_uri": f"{self.url}/enter", "interval": 0.05,
        })  # fmt: skip

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if str(form["grant_type"]).endswith("device_code") and self.pending:
            self.pending -= 1
            return web.json_response({"error": "authorization_pending"}, status=400)
        good = (
            form.get("device_code") == "d" or form.get("refresh_token") == "r" or form.get("client_secret") == "s3cret"
        )
        if not good:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.given += 1
        more = {} if "client_secret" in form else {"refresh_token": "r"}
        return web.json_response({"access_token": f"h.p{self.given}.s", "expires_in": self.life} | more)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    made, app = Provider(), web.Application()
    app.router.add_get("/.well-known/openid-configuration", made.metadata)
    app.router.add_post("/device", made.device)
    app.router.add_post("/token", made.token)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = "http://{}:{}".format(*runner.addresses[0][:2])
    yield made
    await runner.cleanup()


async def run(folder: Path, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "goproxy_operator", *arguments, env={**os.environ, "XDG_STATE_HOME": str(folder)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate(stdin.encode())
    return process.returncode or 0, out.decode(), err.decode()


def stored_in(folder: Path) -> str:
    found = [path.read_text() for path in folder.rglob("*.json")]
    assert found
    return "".join(found)


def answer(token: str) -> str:
    return f"{FLEET}\n\nAuthorization: Bearer {token}\n\n"


async def test_a_person(tmp_path: Path, provider: Provider) -> None:
    code, out, err = await run(tmp_path, "login", FLEET, "--issuer", provider.url, "--client-id", "c")
    assert (code, out) == (0, "")
    assert "WXYZ" in err
    assert "h.p1.s" not in err
    assert await run(tmp_path, "goauth", FLEET) == (0, answer("h.p1.s"), "")
    head = "HTTP/1.1 404 Not Found\n\n"
    assert (await run(tmp_path, "goauth", FLEET, f"{FLEET}/m/@v/list", stdin=head))[1] == answer("h.p1.s")
    assert provider.given == 1, "a 404 is no reason to get another token"
    assert (await run(tmp_path, "goauth", FLEET, "https://other.example.com/m", stdin=head))[:2] == (0, "")


async def test_three_helpers_at_once_renew_a_refused_token_once(tmp_path: Path, provider: Provider) -> None:
    await run(tmp_path, "login", FLEET, "--issuer", provider.url, "--client-id", "c")
    provider.life = 30
    await run(tmp_path, "goauth", FLEET, f"{FLEET}/m", stdin="HTTP/1.1 401 Unauthorized\n\n")
    assert provider.given == 2
    provider.life = 3600
    found = await asyncio.gather(*(run(tmp_path, "goauth", FLEET) for _ in range(3)))
    assert {out for _, out, _ in found} == {answer("h.p3.s")}
    assert provider.given == 3


async def test_a_ci_job(tmp_path: Path, provider: Provider) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    login = ("login", FLEET, "--issuer", provider.url, "--client-id", "ci", "--client-secret-file", str(secret))
    assert (await run(tmp_path, *login))[0] == 0
    assert (await run(tmp_path, "goauth", FLEET))[1] == answer("h.p1.s")
    assert "s3cret" not in stored_in(tmp_path)
    assert (await run(tmp_path, "goauth", FLEET, f"{FLEET}/m", stdin="HTTP/1.1 401 x\n\n"))[1] == answer("h.p2.s")
    secret.write_text("wrong")
    code, out, err = await run(tmp_path, "goauth", FLEET, f"{FLEET}/m", stdin="HTTP/1.1 401 x\n\n")
    assert (code, out) == (1, "")
    assert "log in again" in err


async def test_what_cannot_work_says_so(tmp_path: Path, provider: Provider) -> None:
    code, out, err = await run(tmp_path, "goauth", FLEET)
    assert (code, out) == (1, "")
    assert "goproxy-operator login" in err
    for fleet, issuer in (
        ("http://goproxy.example.com", provider.url),
        (FLEET, "http://127.0.0.1:1"),
        (FLEET, "http://sso.example.com"),
        (FLEET, provider.url + "/"),
    ):
        code, _, err = await run(tmp_path, "login", fleet, "--issuer", issuer, "--client-id", "c")
        assert code == 1
        assert "Traceback" not in err
    for command in ("login", "goauth"):
        code, out, _ = await run(tmp_path, command, "--help")
        assert code == 0
        assert "go env -w" in out
