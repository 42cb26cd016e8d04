"""What replicas tell each other of the modules that they know."""

import json

import pytest

from modproxy.fleet.known_module import (
    MOST_KNOWN,
    MOST_KNOWN_BYTES,
    KnownError,
    KnownModule,
    read_known,
    write_known,
)
from modproxy.mod.path import check_path

LIB = KnownModule(check_path("git.example.com/Lib"), "platform/lib", "sub")


def test_what_is_written_is_read() -> None:
    assert read_known(write_known([LIB])) == [LIB]
    assert read_known(write_known([])) == []


def test_an_answer_is_bounded() -> None:
    many = [KnownModule(check_path(f"example.com/m{number}"), "r" * 2000) for number in range(MOST_KNOWN + 5)]
    written = write_known(many)
    assert len(written) <= MOST_KNOWN_BYTES
    assert 1000 < len(read_known(written)) < MOST_KNOWN
    assert len(read_known(write_known(KnownModule(one.path) for one in many))) == MOST_KNOWN


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'{"modules": {}}', b'{"modules": ["example.com/m"]}', b'{"modules": [["../m", "", ""]]}',
        b'{"modules": [["example.com/m", "", 1]]}', b'{"modules": [], "modules": []}',
        json.dumps({"modules": [["example.com/m", "r" * 2000, ""]]}).encode(),
        json.dumps({"modules": [["example.com/m", "", ""]] * (MOST_KNOWN + 1)}).encode(),
    ],
)  # fmt: skip
def test_what_tells_of_no_modules(body: bytes) -> None:
    with pytest.raises(KnownError):
        read_known(body)
