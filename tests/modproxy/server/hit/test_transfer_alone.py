"""One transfer over a pair of sockets: what the kernel takes in part, and what a file system cannot tell."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from modproxy.server.hit.files import OpenFile
from modproxy.server.hit.transfer import End, Transfer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5242880\r\n\r\n"
BODY = os.urandom(5 << 20)


class Reluctant(socket.socket):
    """Takes a few bytes of a head at a time, as a kernel does whose buffers are nearly full."""

    def send(self, data: object, flags: int = 0, /) -> int:
        return super().send(bytes(data)[:7], flags)  # type: ignore[call-overload]  # it is given bytes


@pytest.fixture
def file(tmp_path: Path) -> Iterator[OpenFile]:
    path = tmp_path / "file"
    path.write_bytes(BODY)
    opened = OpenFile(os.open(path, os.O_RDONLY), len(BODY))
    yield opened
    opened.release()


async def sent(file: OpenFile) -> bytes:
    """Send the file, and return all that arrives."""
    loop = asyncio.get_running_loop()
    theirs, ours = socket.socketpair()
    ended: asyncio.Future[End] = loop.create_future()
    reader, writer = await asyncio.open_connection(sock=theirs)
    with Reluctant(ours.family, ours.type, ours.proto, fileno=ours.detach()) as sock:
        sock.setblocking(False)
        Transfer(loop, sock, HEAD, file, ended.set_result).begin()
        try:
            async with asyncio.timeout(10):
                arrived = await reader.readexactly(len(HEAD) + len(BODY))
                assert await ended is End.SENT
        finally:
            writer.transport.abort()
    return arrived


async def test_no_byte_of_the_file_precedes_the_end_of_the_head(file: OpenFile) -> None:
    assert await sent(file) == HEAD + BODY


async def test_each_byte_is_read_once_where_the_file_system_cannot_tell(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    warmed: list[tuple[int, int]] = []
    really = OpenFile.warm

    async def warm(file: OpenFile, start: int, end: int) -> None:
        warmed.append((start, end))
        await really(file, start, end)

    monkeypatch.setattr(OpenFile, "is_warm", lambda *_: False)
    monkeypatch.setattr(OpenFile, "warm", warm)
    assert await sent(file) == HEAD + BODY
    assert [start for start, _ in warmed] == [0, *(end for _, end in warmed[:-1])]
    assert warmed[-1][1] == len(BODY)


async def test_a_file_in_memory(file: OpenFile) -> None:
    """A real file system without an answer, on many systems: tmpfs."""
    anonymous = OpenFile(os.memfd_create("file"), len(BODY))
    os.write(anonymous.fd, BODY)
    try:
        assert await sent(anonymous) == HEAD + BODY
    finally:
        anonymous.release()


async def test_many_clients_share_a_turn_of_the_loop(file: OpenFile, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def is_warm(_file: OpenFile, start: int, end: int) -> bool:
        asked.append(end - start)
        return True

    monkeypatch.setattr(OpenFile, "is_warm", is_warm)
    loop = asyncio.get_running_loop()
    before = Transfer.under_way
    pairs = [socket.socketpair() for _ in range(300)]
    for ours, _ in pairs:
        ours.setblocking(False)
    transfers = [Transfer(loop, ours, HEAD, file, lambda _: None) for ours, _ in pairs]
    for transfer in transfers:
        transfer.begin()
    assert len(asked) == len(pairs)
    assert sum(asked) <= 20 << 20
    for transfer in transfers:
        transfer.stop()
    assert Transfer.under_way == before
    for ours, theirs in pairs:
        ours.close()
        theirs.close()
