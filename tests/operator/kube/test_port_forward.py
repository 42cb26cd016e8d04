"""What a pod may answer through a port-forward."""

from __future__ import annotations

import pytest

from goproxy_operator.kube.port_forward import Answer, ForwardError, _complete, _parse

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff" * 200,
        b"HTTP/1.1 99999 x\r\n\r\n",
        b"HTTP/1.1 100 x\r\n\r\n" * 500,
        OK + b"a: b\r\n" * 5000 + b"\r\n",
        OK + b"Content-Length: 100\r\n\r\nhalf",
        OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFFF\r\nab",
        OK + b"\r\n" + b"x" * 101,
    ],
)
def test_what_is_no_whole_answer(raw: bytes) -> None:
    assert not _complete(raw)
    with pytest.raises(ForwardError):
        _parse(raw, 100)


@pytest.mark.parametrize("length", [b"9" * 5000, b"\xb2", b"-1", b"+2", b""])
def test_a_length_that_is_none_ends_nothing(length: bytes) -> None:
    raw = OK + b"Content-Length: " + length + b"\r\n\r\nab"
    assert not _complete(raw)
    try:
        assert _parse(raw, 100) == Answer(200, b"ab")
    except ForwardError as e:
        assert "broke off" in str(e) or "no HTTP" in str(e)
