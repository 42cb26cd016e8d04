"""What a collector's failure is called, against real servers; and whom its certificate may be of."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import requests
from aiohttp import web

from modproxy.tracing.collector import CollectorAdapter
from tests.kubernetes.certificates import Authority

_SECONDS = 5.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = tmp_path / "corp-ca"
    folder.mkdir()
    return Authority(folder, "ca")


async def answer(request: web.BaseRequest) -> web.Response:
    return web.Response(status=int(request.path.strip("/")))


@pytest.fixture
async def servers(authority: Authority) -> AsyncIterator[tuple[int, int]]:
    """A server without TLS and one with it: they answer with the status that is asked for."""
    pair = authority.issue("collector", "localhost", hosts=["localhost"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    plain, encrypted = (address[1] for address in runner.addresses)
    yield plain, encrypted
    await runner.cleanup()


def ask(adapter: CollectorAdapter, url: str, seconds: float = _SECONDS) -> str:
    with requests.Session() as session:
        session.trust_env = False
        session.mount(url, adapter)
        try:
            session.post(url, data=b"x", timeout=seconds)
        except (requests.RequestException, OSError):
            assert adapter.failure
        return adapter.failure


async def test_failures_have_names(servers: tuple[int, int], authority: Authority, tmp_path: Path) -> None:
    plain, encrypted = servers
    other, empty = Authority(tmp_path, "other").file, tmp_path / "mistaken" / "ca.crt"
    empty.parent.mkdir()
    empty.write_bytes(b"no certificate")
    silent = await asyncio.start_server(lambda reader, writer: asyncio.sleep(_SECONDS), "127.0.0.1", 0)
    hung = silent.sockets[0].getsockname()[1]
    cases: list[tuple[str, Path | None, str]] = [
        (f"http://localhost:{plain}/200", None, ""),
        (f"http://localhost:{plain}/415", None, "answers 415"),
        (f"https://localhost:{encrypted}/200", authority.file, ""),
        (f"https://localhost:{encrypted}/503", authority.file, "answers 503"),
        (f"https://localhost:{encrypted}/200", None, "has a certificate that is not trusted (unable to get local"),
        (f"https://localhost:{encrypted}/200", other, "has a certificate that is not trusted (unable to get local"),
        (
            f"https://127.0.0.1:{encrypted}/200",
            authority.file,
            "has a certificate that does not hold (IP address",
        ),
        (f"https://localhost:{encrypted}/200", empty, "cannot be trusted: Secret mistaken has no certificates in"),
        (f"https://localhost:{encrypted}/200", tmp_path / "gone" / "ca.crt", "cannot be trusted: Secret gone has no"),
        (f"https://localhost:{plain}/200", authority.file, "speaks no TLS"),
        ("http://localhost:1/200", None, "cannot be reached"),
        (f"http://localhost:{hung}/200", None, "does not answer in time"),
    ]
    for url, ca_file, said in cases:
        seconds = 0.2 if str(hung) in url else _SECONDS
        failure = await asyncio.to_thread(ask, CollectorAdapter(ca_file), url, seconds)
        assert failure.startswith(said) if said else not failure, (url, failure)
    silent.close()


async def test_an_authority_that_is_changed_is_read_anew(
    servers: tuple[int, int], authority: Authority, tmp_path: Path
) -> None:
    trusted = tmp_path / "ca.crt"
    trusted.write_bytes(authority.file.read_bytes())
    adapter, url = CollectorAdapter(trusted), f"https://localhost:{servers[1]}/200"
    assert not await asyncio.to_thread(ask, adapter, url)
    trusted.write_bytes(Authority(tmp_path, "other").file.read_bytes())
    assert "not trusted" in await asyncio.to_thread(ask, adapter, url)
    trusted.write_bytes(authority.file.read_bytes() + b"\n")
    assert not await asyncio.to_thread(ask, adapter, url)
