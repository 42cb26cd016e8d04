"""The upstream of the benchmark, and the recording of a real one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import pytest

from bench.programs.http_client import connect, request
from bench.upstream.answers import Answers
from bench.upstream.protocol import Service, UpstreamConnection
from bench.upstream.recording import Proxy, Recorder, RecordingError, Way, find_way
from modproxy.mod.sumdb import parse_gosumdb
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream, cut, status

KEY = "example.com/!a/@v/v1.0.0.zip"
LARGE = bytes(range(256)) * 1024


class Serving:
    """Runs the upstream's protocol over a folder, in this process. Use it as a context manager."""

    def __init__(self, folder: Path, *, delay: float = 0.0, stalled: str | None = None) -> None:
        self.service = Service(Answers(folder), delay, stalled)
        self.port = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: UpstreamConnection(self.service), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def body(self, path: str) -> tuple[bool, bytes]:
        """Ask for a path; say whether the answer was 200, and its body."""
        url = f"http://127.0.0.1:{self.port}"
        (connection,) = await connect(url, 1, keep=True)
        try:
            good = await connection.get(request(url, path))
            return good, b"".join(connection.body)
        finally:
            connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    file = tmp_path / KEY
    file.parent.mkdir(parents=True)
    file.write_bytes(LARGE)
    file.with_suffix(".mod").write_bytes(b"module example.com/A\n")
    file.with_suffix(".gone").write_bytes(b"not found: gone\n")
    (file.parent / "v1.0.0.gone.status").write_text("410")
    return tmp_path


async def test_files_are_served_as_they_are(folder: Path) -> None:
    async with Serving(folder) as serving:
        assert await serving.body(f"/{KEY}") == (True, LARGE)
        assert await serving.body("/example.com/%21a/@v/v1.0.0.mod") == (True, b"module example.com/A\n")
        assert serving.service.requests == {KEY: 1, KEY.replace(".zip", ".mod"): 1}


async def test_what_upstream_did_not_have_is_not_there_either(folder: Path) -> None:
    async with Serving(folder) as serving:
        assert await serving.body("/example.com/!a/@v/v1.0.0.gone") == (False, b"not found: gone\n")
        for path in ("/example.com/!a/@v/v9.zip", "/../etc/passwd", "/example.com/!a/@v/v1.0.0.gone.status"):
            assert (await serving.body(path))[0] is False


async def test_requests_of_one_packet_are_answered_in_their_order(folder: Path) -> None:
    async with Serving(folder) as serving:
        reader, writer = await asyncio.open_connection("127.0.0.1", serving.port)
        url = f"http://127.0.0.1:{serving.port}"
        writer.write(request(url, f"/{KEY}") + request(url, "/example.com/!a/@v/v1.0.0.mod"))
        for body in (LARGE, b"module example.com/A\n"):
            head = await reader.readuntil(b"\r\n\r\n")
            assert f"Content-Length: {len(body)}\r\n".encode() in head
            assert await reader.readexactly(len(body)) == body
        writer.close()


async def test_each_request_is_delayed(folder: Path) -> None:
    async with Serving(folder, delay=0.05) as serving:
        loop = asyncio.get_running_loop()
        started = loop.time()
        assert await serving.body(f"/{KEY}") == (True, LARGE)
        assert loop.time() - started >= 0.05


async def test_a_stalled_path_is_never_answered(folder: Path) -> None:
    async with Serving(folder, stalled="example.com/") as serving:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(serving.body(f"/{KEY}"), 0.2)
        assert serving.service.requests[KEY] == 1


@pytest.fixture
async def real() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream() as upstream:
        upstream.add("example.com/m", "v1.0.0")
        yield upstream


def drafts(folder: Path) -> list[str]:
    """Name what a recording left that is not whole."""
    return [path.name for path in folder.rglob("*.draft*")]


def way(upstream: FakeUpstream) -> Way:
    database = FakeSumdb()
    database.record("example.com/m", "v1.0.0", "h1:zip", "h1:mod")
    database.publish(upstream.files)
    return Way([Proxy(upstream.url, None)], parse_gosumdb(database.verifier_key), database.verifier_key)


async def test_answers_are_recorded_once(tmp_path: Path, real: FakeUpstream) -> None:
    key = "example.com/m/@v/v1.0.0.mod"
    lookup = "sumdb/sum.example.com/lookup/example.com/m@v1.0.0"
    async with Recorder(tmp_path, way(real)) as recorder:
        for path in (key, lookup, "example.com/m/@v/v2.0.0.mod", "sumdb/sum.example.com/supported"):
            assert not recorder.has(path)
            await recorder.record(path)
            assert recorder.has(path)
        assert recorder.recorded == 4
    answers = Answers(tmp_path)
    found, head, absent = answers.find(key), answers.find(lookup), answers.find("example.com/m/@v/v2.0.0.mod")
    assert found and head and absent
    assert (found.body, head.body) == (real.files[key], real.files[lookup])
    assert absent.head.startswith(b"HTTP/1.1 404 ")
    assert drafts(tmp_path) == []


@pytest.mark.parametrize("behaviour", [status(500), status(403), status(429), cut(LARGE, 100)])
async def test_what_says_nothing_of_the_path_is_not_kept(tmp_path: Path, real: FakeUpstream, behaviour: object) -> None:
    key = "example.com/m/@v/v1.0.0.zip"
    real.behaviours[key] = behaviour  # type: ignore[assignment]  # parametrize gives no better type
    async with Recorder(tmp_path, way(real)) as recorder:
        with pytest.raises(RecordingError, match=r"GOPROXY does not give example.com/m/@v/v1.0.0.zip"):
            await recorder.record(key)
        assert not recorder.has(key)


@pytest.mark.parametrize("goproxy", ["off", "direct", "direct,https://goproxy.example.com"])
async def test_without_a_proxy_nothing_can_be_recorded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, goproxy: str
) -> None:
    monkeypatch.setenv("GOPROXY", goproxy)
    monkeypatch.setenv("GOSUMDB", "off")
    found = await find_way()
    assert (found.database, found.gosumdb) == (None, "off")
    async with Recorder(tmp_path, found) as recorder:
        with pytest.raises(RecordingError, match="GOPROXY names no proxy"):
            await recorder.record("example.com/m/@v/v1.0.0.mod")


async def test_a_setting_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", "nonsense")
    with pytest.raises(RecordingError, match="neither direct, off nor a URL"):
        await find_way()
