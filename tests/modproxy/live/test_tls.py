"""The client listener over TLS: real certificates, real clients, and a Secret that appears, changes and breaks."""

import asyncio
import random
import signal
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from modproxy.server.certificates import Certificates
from tests.kubernetes.certificates import Authority, KeyPair
from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.go_client import GoClient
from tests.modproxy.proxy_process import ProxyProcess

M = "example.com/!mixed"
LIST = f"{M}/@v/list"


class Site:
    """Has a folder of Secrets, an authority that signs for 127.0.0.1, and clients that trust the authority."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.secrets = folder / "secrets"
        self.authority = Authority(folder, "authority")
        self._issued = 0

    def issue(self) -> KeyPair:
        self._issued += 1
        return self.authority.issue(f"server-{self._issued}", f"server {self._issued}", hosts=["127.0.0.1"])

    def put(self, certificate: bytes | None, key: bytes | None, secret: str = "edge") -> None:
        """Give the Secret this content as the kubelet does: by another folder, to which a link is swapped."""
        self._issued += 1
        content = self.secrets / f"..{self._issued}" / secret
        content.mkdir(parents=True)
        for name, text in (("tls.crt", certificate), ("tls.key", key)):
            if text is not None:
                (content / name).write_bytes(text)
        link = self.secrets / f".{secret}-{self._issued}"
        link.symlink_to(content)
        link.replace(self.secrets / secret)

    def rotate(self, secret: str = "edge") -> KeyPair:
        pair = self.issue()
        self.put(pair.certificate.read_bytes(), pair.key.read_bytes(), secret)
        return pair

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority.file))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


def proxy_of(folder: Path, site: Site, upstream: FakeUpstream, *, first_readyz: int = 200) -> ProxyProcess:
    config = {
        "upstream": {"goproxy": upstream.url, "timeout": "2s"},
        "secretsDir": str(site.secrets),
        "tls": {"secretName": "edge"},
    }
    process = ProxyProcess(folder / "proxy", config, first_readyz=first_readyz)
    process.url = process.url.replace("http://", "https://")
    return process


@pytest.fixture
async def proxy(tmp_path: Path, site: Site, upstream: FakeUpstream) -> AsyncIterator[ProxyProcess]:
    site.rotate()
    async with proxy_of(tmp_path, site, upstream) as process:
        yield process


async def shown(proxy: ProxyProcess, site: Site) -> bytes:
    """Return the certificate that a new connection is shown, after its verification, as DER."""
    host, port = proxy.url.removeprefix("https://").split(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=site.trusting())
    certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return certificate


def der(pair: KeyPair) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pair.certificate.read_text())


async def until_shown(proxy: ProxyProcess, site: Site, pair: KeyPair) -> float:
    began = time.monotonic()
    async with asyncio.timeout(10):
        while await shown(proxy, site) != der(pair):
            await asyncio.sleep(0.05)
    return time.monotonic() - began


async def test_the_go_command_downloads_over_tls(proxy: ProxyProcess, site: Site, tmp_path: Path) -> None:
    go = GoClient(tmp_path / "go", proxy.url, SSL_CERT_FILE=str(site.authority.file))
    await go.succeed("mod", "download", "example.com/Mixed@v1.0.0")
    (tmp_path / "stranger").mkdir()
    (tmp_path / "stranger" / "none.pem").write_text("")
    stranger = GoClient(tmp_path / "stranger", proxy.url, SSL_CERT_FILE=str(tmp_path / "stranger" / "none.pem"))
    refused = await stranger.go("mod", "download", "example.com/Mixed@v1.0.0")
    assert (refused.code != 0, "certificate" in refused.err) == (True, True), refused
    assert "modproxy_tls_expiry_timestamp_seconds" in await proxy.metrics()


async def test_what_is_spoken(proxy: ProxyProcess, site: Site) -> None:
    host, port = proxy.url.removeprefix("https://").split(":")
    context = site.trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await asyncio.open_connection(host, int(port), ssl=context)
    tls = writer.get_extra_info("ssl_object")
    assert (tls.selected_alpn_protocol(), tls.version()) == ("http/1.1", "TLSv1.3")
    writer.close()
    old = site.trusting()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    _, writer = await asyncio.open_connection(host, int(port), ssl=old)
    assert writer.get_extra_info("ssl_object").version() == "TLSv1.2"
    writer.close()
    async with proxy.session.get(f"{proxy.admin_url}/-/healthz") as plain:
        assert plain.status == 200
    with pytest.raises(aiohttp.ClientError):
        await proxy.session.get(f"http://{host}:{port}/{LIST}")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\x16\x03\x01\x00\x05hello")
    await writer.drain()
    writer.close()
    assert await shown(proxy, site)
    assert "Traceback" not in proxy.log(), "anybody could fill the disk"


async def test_it_ends_in_order(proxy: ProxyProcess, site: Site, upstream: FakeUpstream) -> None:
    host, port = proxy.url.removeprefix("https://").split(":")
    _, idle = await asyncio.open_connection(host, int(port), ssl=site.trusting())
    gate = fake.Gate(upstream.files[LIST], 0)
    upstream.behaviours[LIST] = gate

    async def ask() -> tuple[int, bytes]:
        async with proxy.session.get(f"{proxy.url}/{LIST}", ssl=site.trusting()) as answer:
            return answer.status, await answer.read()

    asked = asyncio.create_task(ask())
    await gate.begun.wait()
    ended = asyncio.create_task(proxy.kill(signal.SIGTERM))
    await asyncio.sleep(0.5)
    gate.open.set()
    assert await asked == (200, upstream.files[LIST])
    assert await asyncio.wait_for(ended, 10) == 0
    idle.close()
    assert "Traceback" not in proxy.log()


async def test_a_rotation_is_taken_while_connections_live_on(proxy: ProxyProcess, site: Site) -> None:
    host, port = proxy.url.removeprefix("https://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=site.trusting())
    rotating = True

    async def keep_asking() -> int:
        asked = 0
        while rotating:
            writer.write(f"GET /{LIST} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            await reader.readexactly(len(b"v1.0.0\nv1.1.0\n"))
            asked += 1
            await asyncio.sleep(0.01)
        return asked

    asker = asyncio.create_task(keep_asking())
    for _ in range(2):
        assert await until_shown(proxy, site, site.rotate()) < 5
    rotating = False
    assert await asker > 10, "over the one connection that stood all the while"
    writer.close()
    assert (await proxy.report()).config.error is None


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("mismatch", "the key is not the certificate's"),
        ("garbage", "no certificate with its key"),
        ("no key", "is missing, or has not both keys"),
        ("gone", "is missing, or has not both keys"),
    ],
)
async def test_a_broken_pair_keeps_the_old_one_in_force(proxy: ProxyProcess, site: Site, broken: str, why: str) -> None:
    before = await shown(proxy, site)
    other, another = site.issue(), site.issue()
    pairs = {
        "mismatch": (other.certificate.read_bytes(), another.key.read_bytes()),
        "garbage": (b"-----BEGIN CERTIFICATE-----\nnone\n", b"none"),
        "no key": (other.certificate.read_bytes(), None),
        "gone": (None, None),
    }
    site.put(*pairs[broken])
    told = await proxy.until_report(lambda report: report.config.error is not None)
    assert told.ready
    assert told.config.error is not None
    assert "Secret edge" in told.config.error
    assert why in told.config.error
    assert "the certificate it had stays in force" in told.config.error
    assert why in proxy.log()
    assert await shown(proxy, site) == before
    await until_shown(proxy, site, site.rotate())
    assert (await proxy.report()).config.error is None
    assert "PRIVATE" not in proxy.log()


async def test_a_secret_that_comes_late(site: Site, upstream: FakeUpstream, tmp_path: Path) -> None:
    async with proxy_of(tmp_path, site, upstream, first_readyz=503) as proxy:
        report = await proxy.report()
        assert not report.ready
        assert report.config.error is not None
        assert "Secret edge is missing, or has not both keys: it needs tls.crt and tls.key" in report.config.error
        assert "no client is served until then" in report.config.error
        assert report.config.error in proxy.log()
        async with proxy.session.get(f"{proxy.admin_url}/-/readyz") as answer:
            assert "Secret edge is missing" in await answer.text()
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.wait_for(shown(proxy, site), 5)
        pair = site.rotate()
        await proxy.until_report(lambda report: report.ready)
        assert await shown(proxy, site) == der(pair)


async def test_another_secret_is_named(proxy: ProxyProcess, site: Site) -> None:
    pair = site.rotate("other")
    proxy.write_config(tls={"secretName": "other"})
    await until_shown(proxy, site, pair)
    proxy.write_config(tls=None)
    told = await proxy.until_report(lambda report: bool(report.config.error or report.config.warnings))
    assert told.config.warnings == ("tls changed: takes effect at the next start",)
    assert await shown(proxy, site) == der(pair)


async def test_an_answer_that_is_cut_short_is_seen_as_such(
    proxy: ProxyProcess, site: Site, upstream: FakeUpstream
) -> None:
    upstream.add("example.com/big", "v1.0.0", payload=random.Random(1).randbytes(400_000))
    key = "example.com/big/@v/v1.0.0.zip"
    begun = asyncio.Event()
    upstream.behaviours[key] = fake.cut(upstream.files[key], 300_000, when=begun)
    with pytest.raises(aiohttp.ClientError):
        async with proxy.session.get(f"{proxy.url}/{key}", ssl=site.trusting()) as answer:
            assert answer.status == 200
            begun.set()
            await answer.read()


async def test_an_encrypted_key_is_asked_for_nowhere(tmp_path: Path, site: Site) -> None:
    pair = site.issue()
    locked = pair.key.read_bytes().replace(
        b"KEY-----\n",
        b"KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n",
        1,
    )
    site.put(pair.certificate.read_bytes(), locked)
    certificates = Certificates(site.secrets / "edge")
    await certificates.look()
    assert not certificates.loaded
    assert certificates.problem is not None
    assert "Secret edge" in certificates.problem
