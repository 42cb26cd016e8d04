"""Recorded and made projects, and the client that replays them."""

import io
import zipfile
from pathlib import Path

import pytest

from bench.programs.http_client import dechunked
from bench.programs.replay import Replay, same_info
from bench.replay.project import KUBERNETES, Project, made, made_large
from bench.upstream.made import LARGE, h1, make_large, zip_hash
from bench.upstream.run import requests, upstream
from modproxy.mod.path import unescape
from modproxy.mod.pattern import first_match, parse_pattern
from modproxy.mod.target import parse_target


@pytest.fixture(scope="module")
def kubernetes() -> Project:
    return Project("kubernetes", tuple(KUBERNETES.read_text().split()), Path("/nowhere"), "off")


def test_the_recorded_list_is_of_files_of_modules(kubernetes: Project) -> None:
    assert len(set(kubernetes.keys)) == 757
    assert sum(key.endswith(".zip") for key in kubernetes.keys) == 206
    for key in kubernetes.keys:
        parse_target(key)


def test_the_allowlist_allows_all_modules(kubernetes: Project) -> None:
    patterns = [parse_pattern(text) for text in kubernetes.allow]
    assert len(patterns) > 50
    modules = {unescape(key.partition("/@")[0]) for key in kubernetes.keys}
    assert [module for module in modules if first_match(patterns, module) is None] == []


async def test_a_replay_compares_every_byte(tmp_path: Path) -> None:
    project = made(tmp_path / "upstream", 3, 5, 200)
    async with upstream(project.folder, project.gosumdb) as source:
        replay = Replay(source.url, [*project.paths, "example.com/absent/@v/v1.0.0.mod"])
        await replay.run(2)
        assert await requests(source) == dict.fromkeys([*project.keys, "example.com/absent/@v/v1.0.0.mod"], 1) | {
            "-/requests": 1
        }
    assert replay.judge(list(project.paths), project.folder) == ([], [])
    assert replay.judge(["example.com/absent/@v/v1.0.0.mod"], project.folder) == (
        ["example.com/absent/@v/v1.0.0.mod"],
        [],
    )
    spoilt = project.folder / project.keys[-1]
    content = bytearray(spoilt.read_bytes())
    content[len(content) // 2] ^= 1
    spoilt.write_bytes(content)
    assert replay.judge(list(project.paths), project.folder) == ([project.keys[-1]], [])


def test_an_info_file_in_other_words_is_told_from_a_wrong_one(tmp_path: Path) -> None:
    right = b'{"Version":"v1.0.0","Time":"2024-02-03T04:05:06Z","Origin":{}}'
    assert same_info(b'{"Time": "2024-02-03T04:05:06Z", "Version": "v1.0.0"}', right)
    assert not same_info(b'{"Time": "2024-02-03T04:05:06Z", "Version": "v1.0.1"}', right)
    assert not same_info(b"not found", right)
    assert not same_info(b"[]", right)


def test_a_made_zip_is_as_large_as_asked_for_and_whole(tmp_path: Path) -> None:
    content = make_large(LARGE, 3)
    assert 3 << 20 <= len(content) < 5 << 20
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        packed = {entry.filename: entry.compress_size / entry.file_size for entry in archive.infolist()}
    assert min(packed.values()) < 0.5
    assert max(packed.values()) > 0.99
    assert made_large(tmp_path / "large", 1).packed_mb > 1


def test_hashes_are_those_of_go_sum() -> None:
    # The hash of a go.mod with this text, as `go mod download -json` gives it for any module of this name.
    body = b"module example.com/m\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("b", b"2")
        archive.writestr("a", body)
    assert zip_hash(out.getvalue()) == h1([("a", body), ("b", b"2")]) == h1([("b", b"2"), ("a", body)])
    assert h1([("a", body)]) != h1([("b", body)])


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"3;x=y\r\nabc\r\nA\r\n0\r\n\r\n45678\r\n0\r\n\r\n", b"abc0\r\n\r\n45678"),
        (b"3\r\nabc\r\n0\r\n", None),
        (b"9\r\nabc0\r\n\r\n", None),
        (b"", None),
    ],
)
def test_chunks_are_put_together_when_the_last_one_is_there(data: bytes, body: bytes | None) -> None:
    assert dechunked(data) == body
