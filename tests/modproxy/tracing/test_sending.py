"""What a collector may answer: no answer of it costs the replica its memory, or its thread."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from modproxy.tracing import collector
from modproxy.tracing.sending import Sender
from modproxy.tracing.told import ToldRequest
from modproxy.tracing.trace import Trace

_MOST_SENT = 64 << 20
"""Bytes after which the test has seen enough. The sockets' own buffers take some MiB."""


@dataclass
class Collector:
    """Answers one request with a head and then these pieces, until nobody reads."""

    head: bytes
    piece: bytes
    pause: float
    sent: int = 0

    def serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client, _ = listening.accept()
            with client:
                client.recv(1 << 16)
                client.sendall(self.head)
                while self.piece and self.sent < _MOST_SENT:
                    client.sendall(self.piece)
                    self.sent += len(self.piece)
                    time.sleep(self.pause)


@contextlib.contextmanager
def serving(collector: Collector) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=collector.serve, args=[listening], daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread.join(10)
    assert not thread.is_alive()


def send(url: str) -> bool:
    sender = Sender(url, {"service.name": "modproxy"}, None)
    try:
        told = ToldRequest(Trace(None, chosen=True), "GET zip", 200, time.time_ns(), {})
        return sender.send([told]) is None
    finally:
        sender.close()


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("head", "piece", "pause"),
    [
        (OK + b"\r\n", b"x" * 65536, 0.0),
        (OK + b"Content-Length: 1000000000000\r\n\r\n", b"x" * 65536, 0.0),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n", 0.0),
        (OK + b"Content-Encoding: gzip\r\n\r\n", b"\0" * 65536, 0.0),
        (OK + b"Content-Length: 1000000\r\n\r\n", b"x", 0.01),
        (OK + b"Content-Length: 10\r\n\r\nxx", b"", 0.0),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n", b"", 0.0),
    ],
)
def test_an_answer_without_end_is_left(
    head: bytes, piece: bytes, pause: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "_ANSWER_SECONDS", 0.5)
    endless = Collector(head, piece, pause)
    with serving(endless) as url:
        assert send(url), "the spans were taken, whatever the answer says further"
    assert endless.sent < _MOST_SENT


@pytest.mark.parametrize("status", [b"400 Bad Request", b"302 Found\r\nLocation: http://127.0.0.1:9/"])
def test_what_is_not_taken_is_told(status: bytes) -> None:
    with serving(Collector(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n", b"", 0.0)) as url:
        assert not send(url)
