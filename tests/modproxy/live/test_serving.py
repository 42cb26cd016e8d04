"""The answers to clients: content, types, status and words, for present and for absent files."""

import asyncio
import base64
import hashlib
from urllib.parse import unquote

import aiohttp
import pytest
from yarl import URL

from modproxy.server.decide.head import CONTENT_TYPES
from tests.kubernetes.eventually import eventually
from tests.modproxy import fake_upstream
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.module_files import info
from tests.modproxy.proxy_process import ProxyProcess

M = "example.com/!mixed"


@pytest.mark.parametrize(
    ("key", "content_type"),
    [
        (f"{M}/@v/list", "text/plain; charset=utf-8"),
        (f"{M}/@latest", "application/json"),
        (f"{M}/@v/v1.0.0.info", "application/json"),
        (f"{M}/@v/v1.0.0.mod", "text/plain; charset=utf-8"),
        (f"{M}/@v/v1.0.0.zip", "application/zip"),
    ],
)
async def test_each_file_first_and_again(
    proxy: ProxyProcess, upstream: FakeUpstream, key: str, content_type: str
) -> None:
    head = await proxy.get(key, "HEAD")
    first = await proxy.get(key)
    again = await proxy.get(key)
    for reply in (head, first, again):
        assert reply.status == 200
        assert reply.headers["Content-Type"] == content_type
        assert "max-age" in reply.headers["Cache-Control"]
    assert head.body == b""
    assert first.body == again.body == upstream.files[key]
    assert again.headers["Cache-Status"] == "modproxy; hit"
    assert again.headers["Content-Length"] == str(len(again.body))
    assert upstream.requests[key] == 1
    assert key in await proxy.held()
    assert (proxy.cache / key).read_bytes() == upstream.files[key]
    unchanged = await proxy.get(key, If_None_Match=again.headers["ETag"])
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert set(CONTENT_TYPES.values()) >= {content_type}


async def test_a_percent_encoded_escape_is_the_same_file(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    assert (await proxy.get("example.com/%21mixed/@v/v1.0.0.mod")).status == 200
    assert (await proxy.get(f"{M}/@v/v1.0.0.mod")).headers["Cache-Status"] == "modproxy; hit"
    other = URL(f"{proxy.url}/example.c%6Fm/!mi%78ed/@v/v1%2E0.0.mod", encoded=True)
    assert (await proxy.session.get(other)).headers["Cache-Status"] == "modproxy; hit"


@pytest.mark.parametrize(
    ("key", "status", "words"),
    [
        ("example.com/Mixed/@v/list", 400, "!x"),
        ("example.com/!!mixed/@v/list", 400, "!"),
        ("example.com/mixed!/@v/list", 400, "!"),
        ("example.com/../etc/@v/list", 400, ""),
        ("example.com/%2e%2e/m/@v/list", 400, ".."),
        ("example.com/a%2fb/@v/list", 400, "encoding"),
        ("example.com//m/@v/list", 400, ""),
        ("nodot/m/@v/list", 400, "dot"),
        ("example.com/m/@v/v1.0.0.txt", 404, "@v/list"),
        ("example.com/m/@v/v2.0.0.mod", 404, "/v2"),
        ("example.com/m/@v/v2.0.0.zip", 404, "/v2"),
        ("example.com/m/@v/v1.0.0+incompatible.mod", 404, "v2 and up"),
        ("example.com/m/@v/v1.0.0%20x.info", 400, "blank"),
        ("example.com/m/@v/main.zip", 400, "canonical"),
        ("example.com/m/@v/latest.info", 404, "latest"),
        ("example.com/m/@v/feature/x.info", 404, "slash"),
        ("sumdb/sum.example.com/supported", 404, ""),
        ("example.com/" + "a" * 300 + "/@v/list", 400, "longer"),
        ("example.com/" + "a/" * 2000 + "@v/list", 400, "longer"),
    ],
)
async def test_what_nobody_may_ask_is_refused_with_the_rule(
    proxy: ProxyProcess, upstream: FakeUpstream, key: str, status: int, words: str
) -> None:
    # The connection is raw, because a client library would normalise the path.
    host, port = proxy.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /{key} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert "content-type: text/plain; charset=utf-8" in answer.lower()
    assert words in answer.partition("\r\n\r\n")[2]
    assert not upstream.requests


async def test_a_version_that_its_path_cannot_have_is_a_query(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    key = f"{M}/@v/v2.0.0.info"
    assert (await proxy.get(key)).status == 404
    assert (await proxy.get(f"{M}/@v/v1.0.0+incompatible.info")).status == 404
    upstream.files[f"{M}/@v/v3.0.0.info"] = info("v3.0.0+incompatible")
    reply = await proxy.get(f"{M}/@v/v3.0.0.info")
    assert (reply.status, reply.body) == (200, upstream.files[f"{M}/@v/v3.0.0.info"])
    assert "immutable" not in reply.headers["Cache-Control"]


async def test_a_client_that_closes_its_side_gets_its_answer(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    host, port = proxy.url.removeprefix("http://").split(":")
    for _ in ("fetched", "stored"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /{M}/@v/v1.0.0.mod HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(upstream.files[f"{M}/@v/v1.0.0.mod"])


async def test_a_fetch_ends_after_all_who_waited_have_left(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    key = f"{M}/@v/v1.0.0.zip"

    upstream.behaviours[key] = fake_upstream.hang()
    proxy.write_config(upstream={"goproxy": upstream.url, "timeout": "60s"})
    await proxy.until_report(lambda report: report.config.generation == 2)
    waiting = [asyncio.create_task(proxy.get(key)) for _ in range(3)]
    await eventually(lambda: upstream.requests[key] == 1, "the fetch has begun")
    for task in waiting:
        task.cancel()
    await eventually(lambda: "nobody waits" in proxy.log(), "the fetch has ended")
    del upstream.behaviours[key]
    assert (await proxy.get(key)).status == 200
    assert upstream.requests[key] == 2


async def test_methods_other_than_get_and_head(proxy: ProxyProcess) -> None:
    reply = await proxy.get(f"{M}/@v/list", "POST")
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")


async def test_only_what_is_held_when_the_client_says_so(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    reply = await proxy.get(f"{M}/@v/v1.0.0.mod", Disable_Module_Fetch="true")
    assert reply.status == 404
    assert "Disable-Module-Fetch" in reply.text
    assert not upstream.requests
    await proxy.get(f"{M}/@v/v1.0.0.mod")
    assert (await proxy.get(f"{M}/@v/v1.0.0.mod", Disable_Module_Fetch="true")).status == 200


async def test_a_query_is_a_list_of_one(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    upstream.files[f"{M}/@v/main.info"] = upstream.files[f"{M}/@v/v1.1.0.info"]
    reply = await proxy.get(f"{M}/@v/main.info")
    assert reply.status == 200
    assert "immutable" not in reply.headers["Cache-Control"]


@pytest.mark.parametrize("query", ["v1.0.0.info%23", "main%23x", "a%5Bb%5D", "a=b&c", "%7Ba%7D", "x%5E"])
async def test_a_query_with_characters_that_urls_use(proxy: ProxyProcess, upstream: FakeUpstream, query: str) -> None:
    upstream.files[f"{M}/@v/v1.0.0"] = upstream.files[f"{M}/@v/main"] = b'{"Version": "v1.0.0"}'
    assert (await proxy.get(f"{M}/@v/{query}.info")).status == 404
    name = unquote(query)
    assert list(upstream.requests) == [f"{M}/@v/{name}.info"]
    assert await proxy.held() == []


async def test_a_list_is_tidied(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    upstream.files[f"{M}/@v/list"] = b"v1.0.0 2024-01-01T00:00:00Z\nv0.0.0-20240101000000-abcdefabcdef\nv1.1.0"
    assert (await proxy.get(f"{M}/@v/list")).body == b"v1.0.0\nv1.1.0\n"


async def test_a_module_without_tags_has_an_empty_list(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    upstream.files[f"{M}/@v/list"] = b""
    reply = await proxy.get(f"{M}/@v/list")
    assert (reply.status, reply.body) == (200, b"")


async def test_a_range_of_a_small_zip_that_nobody_had(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    key = f"{M}/@v/v1.0.0.zip"
    part = await proxy.get(key, Range="bytes=10-19")
    assert (part.status, part.body) == (206, upstream.files[key][10:20])
    assert part.headers["Cache-Status"] == "modproxy; fwd=miss; stored"
    assert (await proxy.get(key)).body == upstream.files[key]


async def test_ranges_of_a_held_zip(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    key = f"{M}/@v/v1.0.0.zip"
    whole = (await proxy.get(key)).body
    part = await proxy.get(key, Range="bytes=10-19")
    assert (part.status, part.body) == (206, whole[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    tail = await proxy.get(key, Range="bytes=-5")
    assert (tail.status, tail.body) == (206, whole[-5:])
    outside = await proxy.get(key, Range=f"bytes={len(whole)}-")
    assert (outside.status, outside.headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
    assert (await proxy.get(key, Range="bytes=5-1")).status in (200, 416)
    stale = await proxy.get(key, Range="bytes=0-1", If_Range='"another"')
    assert (stale.status, stale.body) == (200, whole)


async def test_the_dirhash_is_recorded_beside_a_zip(proxy: ProxyProcess) -> None:
    await proxy.get(f"{M}/@v/v1.0.0.zip")
    await proxy.settled()
    recorded = (proxy.cache / f"{M}/@v/v1.0.0.ziphash").read_text()
    mod = hashlib.sha256(b"module example.com/Mixed\n\ngo 1.21\n").hexdigest()
    code = hashlib.sha256(b"package m\n").hexdigest()
    lines = f"{mod}  example.com/Mixed@v1.0.0/go.mod\n{code}  example.com/Mixed@v1.0.0/m.go\n"
    assert recorded == "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


async def test_below_a_path_prefix(upstream: FakeUpstream, proxy: ProxyProcess) -> None:
    proxy.write_config(pathPrefix="/go")
    await proxy.until_report(lambda report: report.config.generation == 2)
    assert (await proxy.get(f"go/{M}/@v/list")).status == 200
    outside = await proxy.get(f"{M}/@v/list")
    assert outside.status == 404
    assert "/go/" in outside.text


async def test_cold_requests_share_one_fetch(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    keys = [f"{M}/@v/list", f"{M}/@v/v1.0.0.mod", f"{M}/@v/v1.0.0.zip"]
    for key in keys:
        replies = await asyncio.gather(*(proxy.get(key) for _ in range(200)))
        assert {reply.status for reply in replies} == {200}
        assert {reply.body for reply in replies} == {upstream.files[key]}
        assert upstream.requests[key] == 1


async def test_figures_agree_with_what_happened(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    await proxy.get(f"{M}/@v/v1.0.0.mod")
    for _ in range(3):
        await proxy.get(f"{M}/@v/v1.0.0.mod")
    await proxy.get("example.com/absent/@v/list")
    await proxy.get("example.com/absent/@v/list")
    await proxy.settled()
    report = await proxy.report()
    assert (report.requests["miss"], report.requests["hit"], report.requests["negative"]) == (2, 3, 1)
    assert (report.window.hits, report.window.requests) == (4, 6)
    assert report.storage.used_bytes == sum((proxy.cache / key).stat().st_size for key in await proxy.held())
    assert report.storage.objects == len(await proxy.held()) == 1
    metrics = await proxy.metrics()
    assert 'http_requests_total{cache="hit",code="200",endpoint="mod"} 3.0' in metrics
    assert 'http_requests_total{cache="negative",code="404",endpoint="list"} 1.0' in metrics
    assert 'modproxy_upstream_requests_total{code="404"} 1.0' in metrics
    assert 'http_request_duration_seconds_count{endpoint="mod"} 4.0' in metrics


async def test_a_zip_streams_while_it_is_fetched_and_its_end_waits_for_the_check(
    proxy: ProxyProcess, upstream: FakeUpstream
) -> None:
    payload = hashlib.shake_128(b"x").digest(1 << 20)
    upstream.add("example.com/big", "v1.0.0", payload=payload)
    key = "example.com/big/@v/v1.0.0.zip"
    data = upstream.files[key]
    gate = fake_upstream.Gate(data, len(data) - 10)
    upstream.behaviours[key] = gate
    async with proxy.session.get(f"{proxy.url}/{key}") as leader:
        early = await leader.content.readexactly(len(data) - 10 - (64 << 10))
        assert early == data[: len(early)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await leader.content.readexactly(1)
        assert key not in await proxy.held()
        async with proxy.session.get(f"{proxy.url}/{key}") as follower:
            assert await follower.content.readexactly(len(early)) == early
            gate.open.set()
            assert early + await leader.read() == data
            assert early + await follower.read() == data
    assert upstream.requests[key] == 1
    await proxy.settled()
    assert (proxy.cache / key).read_bytes() == data


async def test_a_client_that_leaves_does_not_stop_the_fetch(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    payload = hashlib.shake_128(b"y").digest(1 << 20)
    upstream.add("example.com/big", "v1.0.0", payload=payload)
    key = "example.com/big/@v/v1.0.0.zip"
    gate = fake_upstream.Gate(upstream.files[key], 1 << 19)
    upstream.behaviours[key] = gate
    async with aiohttp.ClientSession() as leaver, leaver.get(f"{proxy.url}/{key}") as response:
        await response.content.readexactly(1000)
    gate.open.set()
    assert (await proxy.get(key)).body == upstream.files[key]
    assert upstream.requests[key] == 1
