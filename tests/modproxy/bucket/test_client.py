"""The clients of each kind of store: which credentials they use, and that a rotated Secret gives others."""

import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import obstore
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from modproxy.bucket.client import BucketSettings, SettingsError, open_clients, secret_marks
from modproxy.contract.config import ObjectStoreConfig
from tests.kubernetes.certificates import Authority
from tests.modproxy.bucket.site import put_keys
from tests.secrecy.registry import new_secret


class Recording:
    """An HTTP server that has nothing, and remembers what it was asked."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.seen: list[str] = []
        self._context = context
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None))
        self.port = 0

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        named = ("Authorization", "x-amz-security-token", "Proxy-Authorization", "Host")
        shown = [f"{name}: {request.headers[name]}" for name in named if name in request.headers]
        self.seen.append("\n".join([request.path_qs, *shown]))
        return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._context).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def asked_by(self, settings: BucketSettings) -> str:
        """Return what a request of new clients shows."""
        with pytest.raises(FileNotFoundError):
            await obstore.get_async(open_clients(settings).read, "example.com/!m/@v/list")
        return self.seen[-1]


@pytest.fixture
async def server() -> AsyncIterator[Recording]:
    made = Recording()
    await made.start()
    yield made
    await made.stop()


def service_account(email: str) -> str:
    key = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    fields = {"private_key": key.decode(), "private_key_id": email, "client_email": email, "type": "service_account"}
    return json.dumps(fields)


KINDS = {
    "AWS_ACCESS_KEY_ID": ("s3://mods/p", {"AWS_SECRET_ACCESS_KEY": "secret"}),
    "AWS_SECRET_ACCESS_KEY": ("s3://mods/p", {"AWS_ACCESS_KEY_ID": "key"}),
    "AWS_SESSION_TOKEN": ("s3://mods/p", {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}),
    "AZURE_STORAGE_ACCOUNT_KEY": ("az://account/mods/p", {}),
    "AZURE_STORAGE_SAS_TOKEN": ("az://account/mods/p", {}),
    "GOOGLE_SERVICE_ACCOUNT_KEY": ("gs://mods/p", {}),
}
VALUES = {
    "AZURE_STORAGE_ACCOUNT_KEY": ("Zmlyc3Qta2V5", "c2Vjb25kLWtleQ=="),
    "AZURE_STORAGE_SAS_TOKEN": ("sv=2024&sig=first", "sv=2024&sig=second"),
}


@pytest.mark.parametrize("key", KINDS)
async def test_a_rotated_key_is_used(server: Recording, tmp_path: Path, key: str) -> None:
    url, others = KINDS[key]
    if key.startswith("GOOGLE"):
        first, second = service_account("first@example.com"), service_account("second@example.com")
    else:
        first, second = VALUES.get(key) or (new_secret("first"), new_secret("second"))
    path = "/account" if url.startswith("az:") else ""
    config = ObjectStoreConfig(url=url, endpoint=f"http://127.0.0.1:{server.port}{path}", secret_name="bucket")
    settings = BucketSettings(config, tmp_path / "bucket")
    put_keys(tmp_path / "bucket", **{**others, key: first})
    marks = secret_marks(settings)
    before = await server.asked_by(settings)
    put_keys(tmp_path / "bucket", **{key: second})
    assert secret_marks(settings) != marks
    assert await server.asked_by(settings) != before


async def test_a_rotated_authority_is_trusted(tmp_path: Path) -> None:
    authorities = [Authority(tmp_path, "first"), Authority(tmp_path, "second")]
    pair = authorities[1].issue("server", "localhost", hosts=["localhost"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    server = Recording(context)
    await server.start()
    config = ObjectStoreConfig(url="s3://mods", endpoint=f"https://localhost:{server.port}", secret_name="bucket")
    settings = BucketSettings(config, tmp_path / "bucket")
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    put_keys(tmp_path / "bucket", ca__crt=authorities[0].file.read_text(), **keys)
    with pytest.raises(obstore.exceptions.GenericError):
        await obstore.get_async(open_clients(settings).read, "k")
    put_keys(tmp_path / "bucket", ca__crt=authorities[1].file.read_text())
    assert "/mods/example.com/" in await server.asked_by(settings)
    await server.stop()


async def test_an_http_proxy_is_used_with_its_login(server: Recording) -> None:
    config = ObjectStoreConfig(url="s3://mods/p", endpoint="http://store.example.com")
    proxy = f"http://robot:{new_secret('proxy')}@127.0.0.1:{server.port}"
    settings = BucketSettings(config, None, lambda _: proxy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "of-the-machine")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        seen = await server.asked_by(settings)
    assert "Host: store.example.com" in seen
    assert "Proxy-Authorization: Basic " in seen
    assert "Credential=of-the-machine/" in seen, "without a Secret the environment has the credentials"


@pytest.mark.parametrize(
    ("url", "keys", "words"),
    [
        ("s3://mods", {"AWS_ACCESS_KEY_ID": "only"}, "has no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ("az://account/mods", {"AWS_ACCESS_KEY_ID": "other"}, "has no AZURE_STORAGE_ACCOUNT_KEY, or AZURE"),
        ("gs://mods", {"GOOGLE_SERVICE_ACCOUNT_KEY": "no json"}, "cannot be read"),
        ("s3://mods", {"ca__crt": "no pem"}, "cannot be read"),
        ("file:///nonexistent/folder/below", {}, "is no folder that can be used"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, url: str, keys: dict[str, str], words: str) -> None:
    put_keys(tmp_path / "bucket", **keys)
    settings = BucketSettings(ObjectStoreConfig(url=url, secret_name="bucket"), tmp_path / "bucket")
    with pytest.raises(SettingsError) as found:
        open_clients(settings)
    assert words in found.value.failure.words
    assert found.value.failure.remedy
