"""A replica with a real S3 that checks signatures (versitygw)."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modproxy.contract.report import Report
from tests.modproxy.bucket.site import ALL, KEYS, NOWHERE, M, fill, is_written, put_keys, replica, s3_secret
from tests.modproxy.bucket.versity import BUCKET, Versity, versity
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.module_files import go_mod, module_zip
from tests.modproxy.proxy_process import ProxyProcess
from tests.secrecy.registry import REGISTRY, new_secret

pytestmark = pytest.mark.timeout(600)  # versitygw is built once, in a minute where Go's cache is cold


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Versity]:
    with versity(tmp_path_factory.mktemp("versity"), new_secret("s3")) as made:
        yield made


@pytest.fixture
def gateway(server: Versity) -> Versity:
    REGISTRY.add(server.secret, "s3")
    return server


def on(folder: Path, upstream: FakeUpstream | str, gateway: Versity, **store: Any) -> ProxyProcess:
    named = {"url": f"s3://{BUCKET}/{folder.parent.name}", "endpoint": gateway.url, "secretName": "bucket", **store}
    return replica(folder, upstream, named, secretsDir=str(folder.parent / "secrets"))


async def until_it_fails(proxy: ProxyProcess, words: str) -> Report:
    def told(report: Report) -> bool:
        return report.object_store is not None and words in (report.object_store.failure or "")

    return await proxy.until_report(told, seconds=20)


async def test_an_empty_replica_serves_all_that_the_bucket_has_with_upstream_gone(
    upstream: FakeUpstream, gateway: Versity, tmp_path: Path
) -> None:
    large = module_zip(
        "example.com/Mixed", "v1.1.0", {"go.mod": go_mod("example.com/Mixed"), "pad": os.urandom(12 << 20)}
    )
    upstream.files[f"{M}/@v/v1.1.0.zip"] = large
    keys = [*ALL, f"{M}/@v/v1.1.0.zip"]
    s3_secret(tmp_path / "secrets", key=gateway.key, secret=gateway.secret)
    async with on(tmp_path / "a", upstream, gateway) as first:
        bodies = await fill(first, keys)
    assert gateway.file(KEYS[2], tmp_path.name).read_bytes() == bodies[KEYS[2]]
    async with on(tmp_path / "b", NOWHERE, gateway) as second:
        for key, body in bodies.items():
            answer = await second.get(key)
            assert (answer.status, answer.body == body) == (200, True), (key, answer.text[:200])
        assert (await second.report()).requests["objectStore"] == len(keys)


async def test_credentials_are_rotated_without_a_restart(
    upstream: FakeUpstream, gateway: Versity, tmp_path: Path
) -> None:
    s3_secret(tmp_path / "secrets", key=gateway.key)
    async with on(tmp_path / "a", upstream, gateway) as proxy:
        await until_it_fails(proxy, "refuses the signature")
        assert (await proxy.get(KEYS[0])).status == 200
        put_keys(tmp_path / "secrets" / "bucket", AWS_ACCESS_KEY_ID="nobody")
        await until_it_fails(proxy, "does not know the credentials")
        s3_secret(tmp_path / "secrets", key=gateway.key, secret=gateway.secret)
        await proxy.until_report(
            lambda r: is_written(r) and r.object_store is not None and r.object_store.failure is None, seconds=40
        )
        assert gateway.file(KEYS[0], tmp_path.name).exists()
        assert (await proxy.report()).config.generation == 1


@pytest.mark.parametrize(
    ("store", "words"),
    [
        ({"url": "s3://no-such-bucket/x"}, "has no such bucket"),
        ({"region": "eu-west-1"}, "is in another region"),
    ],
)
async def test_a_wrong_config_is_told(
    upstream: FakeUpstream, gateway: Versity, tmp_path: Path, store: dict[str, str], words: str
) -> None:
    s3_secret(tmp_path / "secrets", key=gateway.key, secret=gateway.secret)
    async with on(tmp_path / "a", upstream, gateway, **store) as proxy:
        report = await until_it_fails(proxy, words)
        assert report.object_store is not None
        assert report.object_store.remedy
        assert (await proxy.get(KEYS[0])).status == 200
