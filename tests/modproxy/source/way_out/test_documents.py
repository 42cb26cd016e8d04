"""Documents of OpenID providers over real HTTP: their bounds, and the words of what goes wrong."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from modproxy.contract.config.upstream import HttpProxyConfig
from modproxy.identity.fetching import DocumentError
from modproxy.source.way_out.connections import Connections
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.documents import Documents
from modproxy.source.way_out.outbound import Outbound


@pytest.fixture
async def server() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/moved":
            return web.Response(status=302, headers={"Location": "/document"})
        if request.path == "/absent":
            return web.Response(status=404)
        return web.Response(text=f"{request.headers.get('Authorization')} {request.headers['Host']}")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield "http://{}:{}".format(*runner.addresses[0][:2])
    await runner.cleanup()


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    made = Connections()
    yield made
    await made.close()


def documents(
    connections: Connections, folder: Path, proxy: HttpProxyConfig | None = None, ca: str | None = None
) -> Documents:
    return Documents(connections, Outbound(Credentials((), folder), proxy, ca, folder, folder / "bundle"))


@pytest.fixture
def fetch(connections: Connections, tmp_path: Path) -> Documents:
    return documents(connections, tmp_path)


async def test_a_document(connections: Connections, server: str, tmp_path: Path) -> None:
    fetched = await documents(connections, tmp_path)(f"{server}/document", 1000)
    assert fetched.decode() == f"None {server.removeprefix('http://')}"


@pytest.mark.parametrize(
    ("path", "bound", "words"),
    [("document", 3, "answers more than 3 bytes"), ("moved", 1000, "redirects"), ("absent?key=secret", 1000, "404")],
)
async def test_what_is_no_document(fetch: Documents, server: str, path: str, bound: int, words: str) -> None:
    with pytest.raises(DocumentError, match=words) as error:
        await fetch(f"{server}/{path}", bound)
    assert "key=secret" not in str(error.value)


async def test_a_server_that_is_not_there(connections: Connections, tmp_path: Path) -> None:
    fetch = documents(connections, tmp_path)
    for url, words in (
        ("http://127.0.0.1:1/x", "Connection refused"),
        ("https://127.0.0.1:1/x", "Connection refused"),
        ("http://no-such-host.invalid/x", "the name of its host cannot be resolved"),
    ):
        with pytest.raises(DocumentError, match=f"^{url} cannot be reached: {words}$"):
            await fetch(url, 10)


async def test_an_http_proxy_that_is_not_there(connections: Connections, tmp_path: Path) -> None:
    proxy = HttpProxyConfig.model_validate({"url": "http://127.0.0.1:1"})
    with pytest.raises(DocumentError, match=r"^http://sso\.example\.com/keys cannot be reached: .*HTTP proxy$"):
        await documents(connections, tmp_path, proxy)("http://sso.example.com/keys", 1000)


async def test_a_document_by_an_http_proxy(connections: Connections, server: str, tmp_path: Path) -> None:
    proxy = HttpProxyConfig.model_validate({"url": server})
    fetched = await documents(connections, tmp_path, proxy)("http://sso.example.com/keys", 1000)
    assert fetched.decode() == "None sso.example.com"


async def test_certificates_that_are_missing(connections: Connections, server: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="ca"):
        await documents(connections, tmp_path, ca="authorities")(f"{server}/document", 1000)


async def test_a_server_that_speaks_no_tls(connections: Connections, server: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="TLS"):
        await documents(connections, tmp_path)(server.replace("http:", "https:") + "/document", 1000)
