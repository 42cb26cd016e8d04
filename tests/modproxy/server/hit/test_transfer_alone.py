"""One transfer over a pair of sockets: what the kernel takes in part, and what a file system cannot tell."""

import asyncio
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from modproxy.server.hit import transfer
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


async def test_a_file_goes_on_once_there_are_descriptors_again(file: OpenFile, monkeypatch: pytest.MonkeyPatch) -> None:
    really, refused = os.dup, 0

    def dup(fd: int) -> int:
        nonlocal refused
        if refused < 3:
            refused += 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return really(fd)

    monkeypatch.setattr(os, "dup", dup)
    assert await sent(file) == HEAD + BODY
    assert refused == 3


async def test_a_stalled_client_is_given_up_though_there_are_no_descriptors(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dup(_fd: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "dup", dup)
    monkeypatch.setattr(transfer, "STALLED_SECONDS", 0.3)
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    ended: asyncio.Future[End] = loop.create_future()
    with ours, theirs:
        ours.setblocking(False)
        Transfer(loop, ours, HEAD, file, ended.set_result).begin()
        assert await asyncio.wait_for(ended, 10) is End.CUT_SHORT


async def test_a_file_in_memory(file: OpenFile) -> None:
    """A real file system without an answer, on many systems: tmpfs."""
    anonymous = OpenFile(os.memfd_create("file"), len(BODY))
    os.write(anonymous.fd, BODY)
    try:
        assert await sent(anonymous) == HEAD + BODY
    finally:
        anonymous.release()


async def test_many_clients_share_a_turn_of_the_loop(file: OpenFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_TURN", 1 << 20)
    loop = asyncio.get_running_loop()
    pairs = [socket.socketpair() for _ in range(300)]
    for ours, _ in pairs:
        ours.setblocking(False)
    transfers = [Transfer(loop, ours, HEAD, file, lambda _: None) for ours, _ in pairs]
    for one in transfers:
        one.begin()
    sent_now = [one._at for one in transfers]
    # The time of the loop goes on a few milliseconds meanwhile, so that it is a few turns.
    assert sum(sent_now) <= (12 << 20) + len(pairs) * (64 << 10) < len(pairs) * max(sent_now) // 2
    assert min(sent_now) > 0, "each of them goes on"
    assert max(sent_now) > 64 << 10, "who comes first in a turn gets more"
    for one in transfers:
        one.stop()
    for ours, theirs in pairs:
        ours.close()
        theirs.close()
