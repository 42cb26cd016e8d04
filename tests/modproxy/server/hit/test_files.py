"""Open files of hits on a real disk: who uses one keeps it open, and what of one is in memory."""

import io
import os
import resource
from pathlib import Path

import pytest

from modproxy.server.hit import files
from modproxy.server.hit.files import OpenFile, most_files, shared

SIZE = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_bytes(os.urandom(SIZE))
    return made


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def test_the_last_user_closes_it(path: Path) -> None:
    with path.open("rb") as file:
        opened = shared(file, SIZE)
        assert opened is not None
        assert opened.fd != file.fileno()
    opened.acquire()
    opened.release()
    assert is_open(opened.fd)
    opened.release()
    assert not is_open(opened.fd)


def test_what_cannot_be_shared(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shared(None, SIZE) is None
    assert shared(io.BytesIO(b"x"), 1) is None
    before = len(list(Path("/proc/self/fd").iterdir()))
    with path.open("rb") as file:
        assert shared(file, SIZE - 1) is None, "it is another file by now"
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    with path.open("rb") as file:
        monkeypatch.setattr(files, "CAN_SEND", False)
        assert shared(file, SIZE) is None


async def test_what_was_read_is_warm(path: Path) -> None:
    opened = OpenFile(os.open(path, os.O_RDONLY), SIZE)
    os.fsync(opened.fd)
    os.posix_fadvise(opened.fd, 0, 0, os.POSIX_FADV_DONTNEED)
    await opened.warm(0, SIZE)
    assert opened.is_warm(0, SIZE)
    assert opened.is_warm(SIZE - 1, SIZE)
    opened.release()
    assert not opened.is_warm(0, SIZE), "a system that cannot tell counts as cold"


def test_few_descriptors_are_for_files(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 < most_files() <= 512
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    assert most_files() == 128
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert most_files() == 512
