"""The file and standard output: what is written, what is rotated, and what a full disk or a blocked reader loses."""

import errno
import os
import threading
from pathlib import Path

import pytest

from modproxy.audit.counts import DROPPED, STDOUT, WRITTEN, Counts
from modproxy.audit.log_file import NAME, OLDER, LogFile
from modproxy.audit.standard_output import StandardOutput


def lines(begin: int, end: int) -> list[str]:
    return [f'{{"n":{number:06d}}}\n' for number in range(begin, end)]


def test_the_file_is_rotated_and_bounded(tmp_path: Path) -> None:
    most = 5000
    log = LogFile(tmp_path / "log", lambda: most)
    for begin in range(0, 2000, 10):
        log.add(lines(begin, begin + 10))
        assert log.used_bytes <= most
    files = sorted(path.name for path in (tmp_path / "log").iterdir())
    assert files == [NAME, *(f"{NAME}.{number}" for number in range(1, OLDER + 1))]
    newest_last = [f"{NAME}.{number}" for number in range(OLDER, 0, -1)] + [NAME]
    text = "".join((tmp_path / "log" / name).read_text() for name in newest_last)
    assert text.splitlines(keepends=True) == lines(2000 - len(text.splitlines()), 2000)


def test_a_new_process_goes_on_behind_a_torn_line(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b'{"n":1}\n{"n":')
    log = LogFile(tmp_path, lambda: 1 << 20)
    log.find()
    log.add(['{"n":2}\n'])
    assert (tmp_path / NAME).read_bytes() == b'{"n":1}\n{"n":\n{"n":2}\n'
    assert log.used_bytes == (tmp_path / NAME).stat().st_size


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to("/dev/full")
    log = LogFile(tmp_path, lambda: 1 << 20)
    with pytest.raises(OSError) as told:
        log.add(lines(0, 10))
    assert told.value.errno == errno.ENOSPC
    assert log.used_bytes == 0


def test_a_blocked_reader_keeps_refusals_longest_and_nobody_waiting() -> None:
    reader, writer = os.pipe()
    counts = Counts()
    output = StandardOutput(counts, writer)
    made = [("x" * 999 + "\n", False)] * 1000
    for _ in range(12):  # 12 MB, where 6 may wait
        output.add(made)
    output.add([("y" * 999 + "\n", True)] * 100)
    dropped = counts.records[STDOUT, DROPPED]
    assert 5000 < dropped < 8000 and dropped % 1000 == 0
    assert counts.losing is not None and not output.settle(0.05)
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.extend(iter(lambda: os.read(reader, 1 << 20), b"")))
    thread.start()
    assert output.settle(20)
    os.close(writer)
    thread.join()
    os.close(reader)
    text = b"".join(found)
    assert text.count(b"\n") == 12_100 - dropped == counts.records[STDOUT, WRITTEN]
    assert text.endswith((b"y" * 999 + b"\n") * 100)
