"""A replica with an object store: what is written behind, what is read, and what happens when the store fails."""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes.eventually import eventually
from tests.modproxy.bucket.fake_s3 import BUCKET, FakeS3, answers, hangs
from tests.modproxy.bucket.site import ALL, KEYS, NOWHERE, M, fill, is_written, replica, s3_secret
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess

ZIP = KEYS[2]


@pytest.fixture
async def s3() -> AsyncIterator[FakeS3]:
    async with FakeS3() as server:
        yield server


@pytest.fixture
def named(s3: FakeS3, tmp_path: Path) -> dict[str, Any]:
    """The config's `cache.objectStore`, with a Secret."""
    s3_secret(tmp_path / "secrets")
    return {"url": f"s3://{BUCKET}/fleet", "endpoint": s3.url, "secretName": "bucket"}


def on(folder: Path, upstream: FakeUpstream | str, named: dict[str, Any], **more: Any) -> ProxyProcess:
    return replica(folder, upstream, named, secretsDir=str(folder.parent / "secrets"), **more)


async def test_the_folder_has_all_that_an_empty_replica_needs_with_upstream_gone(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    store = {"url": f"file://{tmp_path}/bucket"}
    async with replica(tmp_path / "a", upstream, store) as first:
        bodies = await fill(first, ALL)
    async with replica(tmp_path / "b", NOWHERE, store, cache={"listTTL": "1s"}) as second:
        for key, body in bodies.items():
            answer = await second.get(key)
            assert (answer.status, answer.body) == (200, body), (key, answer.text)
        report = await second.report()
        assert report.requests["objectStore"] == len(bodies)
        assert report.object_store is not None
        assert report.object_store.failure is None


async def test_what_is_in_the_bucket_is_neither_fetched_nor_written_again(
    upstream: FakeUpstream, s3: FakeS3, named: dict[str, Any], tmp_path: Path
) -> None:
    async with on(tmp_path / "a", upstream, named) as first, on(tmp_path / "b", upstream, named) as second:
        bodies = await fill(first, ALL)
        gets, puts = upstream.requests.total(), s3.count("PUT", M)
        assert {key: (await second.get(key)).body for key in ALL} == bodies
        await second.until_report(is_written)
        assert upstream.requests.total() == gets
        assert s3.count("PUT", M) == puts == len(ALL)


async def test_an_unchanged_list_is_not_written_each_time(
    upstream: FakeUpstream, s3: FakeS3, named: dict[str, Any], tmp_path: Path
) -> None:
    key = f"{M}/@v/list"
    async with on(tmp_path / "a", upstream, named, cache={"listTTL": "1s", "staleWhileRevalidate": "0s"}) as proxy:
        await fill(proxy, [key])
        for times in range(2, 5):

            async def fetched(wanted: int = times) -> bool:
                await proxy.get(key)
                return upstream.requests[key] >= wanted

            await eventually(fetched, "the list is fetched again", seconds=10)
        await proxy.until_report(is_written)
        assert s3.count("PUT", key) == 1
        upstream.add("example.com/Mixed", "v1.0.0", "v1.1.0", "v1.2.0")

        async def has_the_new_one() -> bool:
            await proxy.get(key)
            return b"v1.2.0" in s3.objects[f"fleet/{key}"][0]

        await eventually(has_the_new_one, "the bucket has the new list", seconds=15)
        assert s3.count("PUT", key) == 2


@pytest.mark.parametrize("spoil", ["bytes", "half", "record", "none"])
async def test_a_changed_object_is_refused_and_fetched_anew(
    upstream: FakeUpstream, s3: FakeS3, named: dict[str, Any], tmp_path: Path, spoil: str
) -> None:
    async with on(tmp_path / "a", upstream, named) as first:
        bodies = await fill(first, KEYS)
    kept = {}
    for key in KEYS:
        body, headers = kept[key] = s3.objects[f"fleet/{key}"]
        name = next(name for name in headers if name.lower() == "x-amz-meta-modproxy")
        match spoil:
            case "bytes":
                body = bytes([body[0] ^ 1]) + body[1:]
            case "half":
                body = body[: len(body) // 2]
            case "record":
                headers = {**headers, name: headers[name].replace("voucher=upstream", "voucher=vcs")}
            case "none":
                headers = {other: value for other, value in headers.items() if other != name}
        s3.objects[f"fleet/{key}"] = body, headers
    gets = upstream.requests.total()
    async with on(tmp_path / "b", upstream, named) as second:
        assert await fill(second, KEYS) == bodies
        assert upstream.requests.total() == gets + len(KEYS)
        assert ("SECURITY" in second.log()) == (spoil in ("bytes", "half"))
    assert {key: s3.objects[f"fleet/{key}"][0] for key in KEYS} == bodies, "and the bucket is mended"


@pytest.mark.parametrize(
    "case",
    [
        (403, "RequestTimeTooSkewed", "clocks differ"),
        (503, "SlowDown", "asked less often"),
    ],
)
async def test_a_bucket_that_refuses_is_passed_by_and_told(
    upstream: FakeUpstream,
    s3: FakeS3,
    named: dict[str, Any],
    tmp_path: Path,
    case: tuple[int, str, str],
) -> None:
    s3.faults.append(answers(*case[:2]))
    async with on(tmp_path / "a", upstream, named) as proxy:
        for key in ALL:
            assert (await proxy.get(key)).status == 200
        report = await proxy.until_report(lambda r: bool(r.object_store and r.object_store.failure), seconds=20)
        assert report.object_store is not None
        assert case[2] in (report.object_store.failure or "")
        assert report.object_store.waiting == len(ALL)
        assert report.object_store.since is not None
        assert "modproxy_object_store_failing 1.0" in await proxy.metrics()
        s3.faults.clear()
        report = await proxy.until_report(
            lambda r: is_written(r) and r.object_store is not None and r.object_store.failure is None, seconds=60
        )
    assert {f"fleet/{key}" for key in ALL} <= set(s3.objects)


async def test_a_store_that_is_silent_holds_up_one_request_and_no_more(
    upstream: FakeUpstream, s3: FakeS3, named: dict[str, Any], tmp_path: Path
) -> None:
    async with on(tmp_path / "a", upstream, named) as proxy:
        await proxy.until_report(lambda r: s3.count("PUT", "probe") > 0)
        s3.faults.append(hangs("@v"))
        for key in ALL:
            assert (await proxy.get(key)).status == 200
        assert s3.count("GET", "@v") == 1, "the others did not ask"
        await proxy.kill(signal.SIGKILL)


async def test_files_wait_while_the_bucket_is_away_and_survive_any_end(
    upstream: FakeUpstream, s3: FakeS3, named: dict[str, Any], tmp_path: Path
) -> None:
    await s3.stop()
    proxy = on(tmp_path / "a", upstream, named)
    async with proxy:
        for key in KEYS:
            assert (await proxy.get(key)).status == 200
        await proxy.settled()
        assert (await proxy.report()).object_store.waiting == 3  # type: ignore[union-attr]  # it has one
        await proxy.kill(signal.SIGKILL)
        await proxy.start()
        assert (await proxy.get(f"{M}/@v/v1.1.0.mod")).status == 200
        assert await proxy.kill(signal.SIGTERM) == 0, "an end with waiting files is a good one"
        await s3.start()
        gets = upstream.requests.total()
        await proxy.start()
        report = await proxy.until_report(is_written, seconds=60)
        assert report.object_store is not None
        assert report.object_store.lost == 0
        assert upstream.requests.total() == gets
    assert {f"fleet/{key}" for key in [*KEYS, f"{M}/@v/v1.1.0.mod"]} <= set(s3.objects)


async def test_at_sigterm_what_waits_is_written(
    upstream: FakeUpstream, s3: FakeS3, named: dict[str, Any], tmp_path: Path
) -> None:
    async with on(tmp_path / "a", upstream, named) as proxy:
        for key in ALL:
            await proxy.get(key)
        assert await proxy.kill(signal.SIGTERM) == 0
    assert {f"fleet/{key}" for key in ALL} <= set(s3.objects)


async def test_a_store_that_comes_later_gets_what_the_disk_holds(
    upstream: FakeUpstream, s3: FakeS3, named: dict[str, Any], tmp_path: Path
) -> None:
    proxy = on(tmp_path / "a", upstream, named)
    async with proxy:
        # The store is filled with what the disk has, nothing, before the config names it no more.
        marked = proxy.cache / ".modproxy" / "object-store"
        await eventually(lambda: any(marked.glob("*/filled")), "the store is filled")
        await proxy.kill()
        proxy.write_config(cache={})
        await proxy.start()
        for key in ALL:
            await proxy.get(key)
        await proxy.settled()
        assert (await proxy.report()).object_store is None
        proxy.write_config(cache={"objectStore": named})

        async def filled() -> bool:
            return {f"fleet/{key}" for key in ALL} <= set(s3.objects)

        await eventually(filled, "the bucket has what the disk holds", seconds=20)


async def test_exits_are_clean_however_soon_they_come(
    upstream: FakeUpstream, s3: FakeS3, named: dict[str, Any], tmp_path: Path
) -> None:
    codes = []
    proxy = on(tmp_path / "a", upstream, named)
    async with proxy:
        for number in range(4):
            key = f"example.com/!mixed/@v/v1.{number % 2}.0.{'zip' if number % 3 else 'mod'}"
            await proxy.get(key)
            codes.append(await proxy.kill(signal.SIGTERM))
            for file in proxy.cache.rglob("*.zip"):
                file.unlink()
            await proxy.start()
    assert codes == [0] * 4


async def test_the_library_is_loaded_only_where_an_object_store_is_named(
    upstream: FakeUpstream, s3: FakeS3, named: dict[str, Any], tmp_path: Path
) -> None:
    def is_loaded(proxy: ProxyProcess) -> bool:
        assert proxy.process is not None
        return "obstore" in Path(f"/proc/{proxy.process.pid}/maps").read_text()

    async with on(tmp_path / "a", upstream, {}) as proxy:
        assert (await proxy.get(KEYS[0])).status == 200
        assert not is_loaded(proxy)
        proxy.write_config(cache={"objectStore": named})
        await proxy.until_report(lambda r: r.object_store is not None)
        await eventually(_soon(lambda: is_loaded(proxy)), "the library is loaded")


def _soon(holds: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def asked() -> bool:
        return holds()

    return asked
