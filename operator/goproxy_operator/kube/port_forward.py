"""A GET of a pod's port, through the API server: what `kubectl port-forward` does, for one short question.

Source of the protocol: v4.channel.k8s.io of Kubernetes' `pkg/streaming/portforward`. The first byte of a message is
its channel: 0 for data, 1 for what the kubelet has to tell of an error. The first message of each channel is the port's
number, in two bytes. The right that it needs is `pods/portforward`; newer API servers want `create` of it, older `get`.
"""

import asyncio
import http.client
import io
import re
from dataclasses import dataclass
from typing import Any

import aiohttp

from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import UnreachableError
from goproxy_operator.kube.resources import PODS

PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_LENGTH = re.compile(rb"[0-9]{1,12}")
_PORT_BYTES = 2
_HEAD_BYTES = 16 << 10
"""Of the head before a body."""


class ForwardError(Exception):
    """The kubelet reached nothing at the port, or what answers there gives no whole answer of HTTP; the message says
    which.
    """


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: HTTP's status, and the body."""

    status: int
    body: bytes


class _Bytes:
    """Is a socket for `http.client`, which reads an answer from it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_: Any) -> io.BytesIO:
        return io.BytesIO(self._content)


async def get_from_pod(
    client: ApiClient, namespace: str, pod: str, port: int, path: str, *, largest: int, seconds: float
) -> Answer:
    """Ask for a path, which is escaped, at a port of a pod.

    Raises `ApiError` where the API server refuses or knows no such pod, `UnreachableError` after `seconds`, and
    `ForwardError` for all that comes from the pod, such as an answer of more than `largest` bytes.
    """
    question = f"GET {path} HTTP/1.1\r\nHost: {pod}\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
    try:
        async with (
            asyncio.timeout(seconds),
            client.websocket(PODS.path(namespace, pod, "portforward"), {"ports": str(port)}, PROTOCOL) as socket,
        ):
            await socket.send_bytes(bytes([_DATA]) + question.encode("ascii"))
            raw = await _read(socket, largest + _HEAD_BYTES)
    except TimeoutError:
        raise UnreachableError(f"pod {pod} gives no answer within {seconds:g} s") from None
    except aiohttp.ClientError as e:
        raise UnreachableError(f"the way to pod {pod} broke off: {str(e) or type(e).__name__}") from None
    return _parse(raw, largest)


async def _read(socket: aiohttp.ClientWebSocketResponse, most: int) -> bytes:
    """Return all that comes on the data channel. The pod closes it behind its answer."""
    data, error = bytearray(), bytearray()
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
            continue
        (error if message.data[0] == _ERROR else data).extend(message.data[1:])
        if len(error) > _PORT_BYTES:
            said = error[_PORT_BYTES:].decode(errors="replace")
            raise ForwardError(f"the kubelet reaches nothing there: {said}")
        if len(data) > most:
            raise ForwardError(f"the answer has more than {most} bytes")
        if _complete(bytes(data[_PORT_BYTES:])):
            break
    return bytes(data[_PORT_BYTES:])


def _complete(raw: bytes) -> bool:
    """Say whether the whole answer is there, by its Content-Length: some kubelets keep the stream open behind it."""
    head, end, body = raw.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and _LENGTH.fullmatch(value.strip()):
            return len(body) >= int(value)
    return False


def _parse(raw: bytes, largest: int) -> Answer:
    if not raw:
        raise ForwardError("it closes the connection without an answer")
    response = http.client.HTTPResponse(_Bytes(raw))  # type: ignore[arg-type]  # it wants no more than `makefile`
    try:
        response.begin()
        body = response.read(largest + 1)
        if len(body) <= largest and response.length:
            raise ForwardError("its answer broke off")
    except (http.client.HTTPException, ValueError, OSError):
        raise ForwardError("what answers there speaks no HTTP") from None
    if len(body) > largest:
        raise ForwardError(f"the answer has more than {largest} bytes")
    return Answer(response.status, body)
