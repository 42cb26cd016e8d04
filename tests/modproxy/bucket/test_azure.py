"""The bucket against azurite, Azure's own stand-in. `make azure` installs it (365 MB, it needs Node.js) and runs this;
elsewhere `tests/modproxy/bucket/test_client.py` shows with which credentials Azure is asked.
"""

import base64
import hashlib
import hmac
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from modproxy.bucket.bucket import Bucket
from modproxy.bucket.client import BucketSettings
from modproxy.bucket.record import ObjectRecord
from modproxy.contract.config import ObjectStoreConfig
from tests.kubernetes.eventually import eventually
from tests.modproxy.bucket.site import put_keys

PROGRAM = os.environ.get("AZURITE", "")
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account of every azurite, as its documents have it."""
pytestmark = pytest.mark.skipif(not PROGRAM, reason="azurite needs Node.js: `make azure` runs these tests")


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [PROGRAM, "--silent", "--location", str(tmp_path / "azurite"), "--skipApiVersionCheck"]
    process = subprocess.Popen([*command, "--blobHost", "127.0.0.1", "--blobPort", str(port)])
    try:
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"
    finally:
        process.kill()
        process.wait()


def make_container(endpoint: str, name: str) -> bool:
    """Make a container. Returns False while nothing answers."""
    date = formatdate(usegmt=True)
    text = (
        "PUT" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:2021-08-06\n/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    )
    signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    headers = {"x-ms-date": date, "x-ms-version": "2021-08-06", "Authorization": f"SharedKey {ACCOUNT}:{signature}"}
    headers["Content-Length"] = "0"
    asked = urllib.request.Request(f"{endpoint}/{name}?restype=container", None, headers, method="PUT")
    try:
        return bool(urllib.request.urlopen(asked, timeout=5).status == 201)
    except OSError:
        return False


async def test_files_come_back_with_what_is_kept_of_them(endpoint: str, tmp_path: Path) -> None:
    async def made() -> bool:
        return make_container(endpoint, "mods")

    await eventually(made, "azurite answers", seconds=30)
    put_keys(tmp_path / "bucket", AZURE_STORAGE_ACCOUNT_KEY=KEY)
    bucket = Bucket()
    config = ObjectStoreConfig(url=f"az://{ACCOUNT}/mods/fleet", endpoint=endpoint)
    await bucket.take(BucketSettings(config, tmp_path / "bucket"))
    assert await bucket.check() is None
    body, large = b"module example.com/m\n", os.urandom(12 << 20)
    record = ObjectRecord(len(body), hashlib.sha256(body).hexdigest(), round(time.time(), 3), "upstream a+b")
    assert await bucket.put("example.com/!m/@v/v1.0.0.mod", body, record, create=True)
    assert not await bucket.put("example.com/!m/@v/v1.0.0.mod", body, record, create=True)
    found = await bucket.get("example.com/!m/@v/v1.0.0.mod")
    assert found is not None
    assert found.record == record
    assert b"".join([piece async for piece in bucket.pieces(found)]) == body

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(large), 1 << 20):
            yield large[at : at + (1 << 20)]

    await bucket.put_large(
        "example.com/!m/@v/v1.0.0.zip", pieces(), ObjectRecord(len(large), "00", 1.0, dirhash="h1:x=")
    )
    found = await bucket.get("example.com/!m/@v/v1.0.0.zip")
    assert found is not None
    assert b"".join([piece async for piece in bucket.pieces(found)]) == large
    assert await bucket.get("example.com/!m/@v/v2.0.0.zip") is None
    config = ObjectStoreConfig(url=f"az://{ACCOUNT}/none/fleet", endpoint=endpoint)
    await bucket.take(BucketSettings(config, tmp_path / "bucket"))
    failure = await bucket.check()
    assert failure is not None
    assert failure.kind == "bucket"
