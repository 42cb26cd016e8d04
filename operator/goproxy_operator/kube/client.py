"""Calls to the API server, each bounded in time and counted."""

import json
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from goproxy_operator.desired.names import FIELD_MANAGER
from goproxy_operator.kube.access import Access, Connection
from goproxy_operator.kube.credentials import AccessError
from goproxy_operator.kube.errors import (
    ApiError,
    ConflictError,
    NamespaceEndingError,
    NotFoundError,
    UnreachableError,
    error_of,
)
from goproxy_operator.kube.resources import Object, Resource
from goproxy_operator.kube.watch_events import events
from goproxy_operator.metrics import API_CALLS

T = TypeVar("T")
_LARGEST_FRAME = 4 << 20
"""Bytes of a frame of a WebSocket. Kubelets cut what they forward into much smaller ones."""
_CONTENT_TYPES = {"PATCH": "application/apply-patch+yaml"}
_CALL_SECONDS = 30.0
_CONNECT_SECONDS = 10.0
_UNREACHABLE = (aiohttp.ClientError, OSError, TimeoutError)
_LONGEST_WAIT = 60.0
"""Seconds: a Retry-After that asks for more is not obeyed."""
SOME_BYTES = 256 * 1024
"""Bytes of an answer to a question for a few small objects: fifty Events with a kilobyte of words, and their frames."""


_LARGEST_ANSWER = 256 << 20
"""Bytes of any other answer: five hundred objects of half a megabyte each."""


class WriteGuard(Protocol):
    """Decides at the last moment whether a write may leave. In an operator this is `election.fence`."""

    async def write(self, send: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Send the write and return its answer, or raise."""


class ApiClient:
    """Calls the API server. It is made inside of the event loop, and closed at the end.

    With a `guard` no write leaves that the guard does not let through. A call may take `seconds`.
    """

    def __init__(self, access: Access, guard: WriteGuard | None = None, *, seconds: float = _CALL_SECONDS) -> None:
        self._access = access
        self._guard = guard
        self._timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=min(_CONNECT_SECONDS, seconds))
        # No limit: every watch holds a connection.
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), trust_env=False)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Object | None:
        """Return the object; None where it does not exist. `namespace` is None for what has no namespace."""
        return await self._get(resource, namespace, name, {})

    async def get_cached(self, resource: Resource, namespace: str | None, name: str) -> Object | None:
        """Return the object as the API server has it in memory: cheap, and no later than a watch is."""
        return await self._get(resource, namespace, name, {"resourceVersion": "0"})

    async def _get(
        self, resource: Resource, namespace: str | None, name: str, query: Mapping[str, str]
    ) -> Object | None:
        try:
            return await self._call(_Call("GET", "get", resource, resource.path(namespace, name), query))
        except NotFoundError:
            return None

    async def serves(self, resource: Resource) -> bool:
        """Say whether both documents of discovery have the resource: one may be ahead of the other."""
        return resource.api_version in await self.served_groups() and resource.plural in await self.served_plurals(
            resource.api_version
        )

    async def served_groups(self) -> frozenset[str]:
        """Return each group and version that is served, such as `apps/v1`."""
        answer = await self._call(_Call("GET", "discover", None, "/apis"))
        return frozenset(version["groupVersion"] for group in answer["groups"] for version in group["versions"])

    async def served_plurals(self, api_version: str) -> frozenset[str]:
        """Return the plurals of the resources of a group and version; an empty set where that is not served."""
        try:
            answer = await self._call(_Call("GET", "discover", None, f"/apis/{api_version}"))
        except NotFoundError:
            return frozenset()
        return frozenset(resource["name"] for resource in answer["resources"])

    async def issuer_documents(self) -> tuple[Object, Object]:
        """Return what the API server says of the issuer of service accounts' tokens: its metadata, and its keys."""
        metadata = await self._call(_Call("GET", "discover", None, "/.well-known/openid-configuration"))
        keys = _Call("GET", "discover", None, "/openid/v1/jwks", accept=_KEY_SET)
        return metadata, await self._call(keys)

    async def list_page(self, resource: Resource, namespace: str | None, query: Mapping[str, str]) -> Object:
        """Return one page of a list."""
        return await self._call(_Call("GET", "list", resource, resource.path(namespace), query))

    async def list_some(self, resource: Resource, namespace: str, field_selector: str, most: int) -> list[Object]:
        """Return at most so many objects that a selector of fields chooses.

        Whoever makes them decides how large they are: an answer beyond `SOME_BYTES` is an `UnreachableError`.
        """
        query = {"fieldSelector": field_selector, "limit": str(most)}
        answer = await self._call(_Call("GET", "list", resource, resource.path(namespace), query, most=SOME_BYTES))
        items = answer.get("items")
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    async def apply(self, resource: Resource, manifest: Object, *, manager: str = FIELD_MANAGER, force: bool) -> Object:
        """Apply the manifest server-side and return the object. `ConflictError` only without `force`."""
        metadata = manifest["metadata"]
        path = resource.path(metadata.get("namespace"), metadata["name"])
        query = {"fieldManager": manager, "force": "true" if force else "false"}
        return await self._call(_Call("PATCH", "apply", resource, path, query, manifest))

    async def apply_status(self, resource: Resource, manifest: Object) -> Object:
        """Apply the manifest's `status` server-side. It replaces only what we once wrote; conditions of others stay."""
        metadata = manifest["metadata"]
        path = resource.path(metadata.get("namespace"), metadata["name"], "status")
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._call(_Call("PATCH", "apply status", resource, path, query, manifest))

    async def create(self, resource: Resource, manifest: Object) -> Object:
        """Create an object that must not exist yet."""
        path = resource.path(manifest["metadata"]["namespace"])
        return await self._call(_Call("POST", "create", resource, path, {"fieldManager": FIELD_MANAGER}, manifest))

    async def replace(self, resource: Resource, item: Object) -> Object:
        """Replace the object whose resourceVersion `item` carries; `ConflictError` when it has changed since."""
        metadata = item["metadata"]
        path = resource.path(metadata["namespace"], metadata["name"])
        return await self._call(_Call("PUT", "update", resource, path, {"fieldManager": FIELD_MANAGER}, item))

    async def delete(
        self, resource: Resource, namespace: str, name: str, uid: str, *, orphan: bool = False
    ) -> Object | None:
        """Delete exactly this object. An object that is gone, or another of its name by now, is left alone.

        Returns the object where its end has to wait. With `orphan` what it owns stays, and has no owner then.
        """
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        if orphan:
            options["propagationPolicy"] = "Orphan"
        try:
            answer = await self._call(_Call("DELETE", "delete", resource, resource.path(namespace, name), body=options))
        except NotFoundError:
            return None
        except ConflictError:
            there = await self.get(resource, namespace, name)
            if there is None or there["metadata"]["uid"] != uid:
                return None
            raise
        return answer if answer.get("kind") == resource.kind else None

    @asynccontextmanager
    async def watch(
        self, resource: Resource, namespace: str | None, query: Mapping[str, str], silence: float
    ) -> AsyncIterator[AsyncIterator[Object]]:
        """Open a watch and yield its events. The watch ends after `silence` seconds without a word.

        Raises `GarbledError` at what is no event.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=silence)
        call = _Call("GET", "watch", resource, resource.path(namespace), {**query, "watch": "1"})
        response = await self._send(call, timeout)
        try:
            if response.status != HTTPStatus.OK:
                raise _counted(call, _error(response, await _some(response.content, SOME_BYTES)))
            async with aclosing(events(response.content)) as told:
                yield told
        finally:
            response.close()

    @asynccontextmanager
    async def websocket(
        self, path: str, query: Mapping[str, str], protocol: str
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket with a sub-protocol, such as a port-forward. Raises `ApiError` and `UnreachableError`.

        The official client sends no impersonation headers with a WebSocket, so ours opens it.
        """
        connection = await self._connection()
        url = f"{connection.server}{path}?{urlencode(query)}"
        try:
            socket = await self._session.ws_connect(
                URL(url, encoded=True),
                protocols=(protocol,),
                headers=[("User-Agent", FIELD_MANAGER), *connection.all_headers],
                proxy=connection.proxy,
                ssl=connection.tls,
                max_msg_size=_LARGEST_FRAME,
            )
        except aiohttp.WSServerHandshakeError as e:
            if e.status == HTTPStatus.UNAUTHORIZED:
                self._access.refuse(connection)
            raise error_of(e.status, e.message or "it opens no WebSocket", [], 0.0) from None
        except _UNREACHABLE as e:
            raise UnreachableError(f"GET {path}: no answer from the API server: {_why(e)}") from e
        try:
            yield socket
        finally:
            await socket.close()

    async def _call(self, call: "_Call") -> Object:
        if self._guard is None or call.method == "GET":
            return await self._exchange(call)
        return await self._guard.write(lambda: self._exchange(call))

    async def _exchange(self, call: "_Call") -> Object:
        most = call.most or _LARGEST_ANSWER
        try:
            async with await self._send(call, self._timeout) as response:
                raw = await _some(response.content, most + 1)
        except _UNREACHABLE as e:
            raise UnreachableError(f"{call.method} {call.path}: no answer from the API server: {_why(e)}") from e
        if len(raw) > most:
            raise UnreachableError(f"{call.method} {call.path}: the answer has more than {most} bytes")
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise _counted(call, _error(response, raw))
        try:
            answer = json.loads(raw)
        except ValueError as e:
            raise UnreachableError(f"{call.method} {call.path}: the answer is no JSON: {raw[:40]!r}") from e
        if not isinstance(answer, dict):
            raise UnreachableError(f"{call.method} {call.path}: the answer is no object: {raw[:40]!r}")
        return answer

    async def _send(self, call: "_Call", timeout: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        connection = await self._connection()
        url = connection.server + call.path + ("?" + urlencode(call.query) if call.query else "")
        headers = [("Accept", call.accept), ("User-Agent", FIELD_MANAGER), *connection.all_headers]
        data = None
        if call.body is not None:
            data = json.dumps(call.body).encode()
            headers.append(("Content-Type", _CONTENT_TYPES.get(call.method, "application/json")))
        response = await self._session.request(
            call.method,
            URL(url, encoded=True),
            data=data,
            headers=headers,
            proxy=connection.proxy,
            ssl=connection.tls,
            timeout=timeout,
        )
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._access.refuse(connection)
        if response.status != HTTPStatus.FORBIDDEN:
            _count(call, response.status)
        return response

    async def _connection(self) -> Connection:
        try:
            return await self._access.connection()
        except AccessError as e:
            raise UnreachableError(str(e)) from e


@dataclass(frozen=True, slots=True)
class _Call:
    """One call: `verb` is what the metric says, `method` what HTTP says. `resource` is None for discovery."""

    method: str
    verb: str
    resource: Resource | None
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Object | None = None
    most: int | None = None
    """An answer of more bytes is none; None: `_LARGEST_ANSWER`."""
    accept: str = "application/json"


_KEY_SET = "application/jwk-set+json"
"""RFC 7517, section 8.5. The API server gives keys to those alone who accept this."""


def _count(call: _Call, status: int) -> None:
    API_CALLS.labels(call.verb, call.resource.plural if call.resource else "", status).inc()


def _counted(call: _Call, error: ApiError) -> ApiError:
    """Count a 403 that says that a right is missing, and not one that says that a namespace is on its way out."""
    if error.status == HTTPStatus.FORBIDDEN and not isinstance(error, NamespaceEndingError):
        _count(call, error.status)
    return error


def _why(error: Exception) -> str:
    """Say why there is no answer, in words: aiohttp's have the address of an object of Python in them, or none."""
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted ({error.certificate_error})"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        said = getattr(error.os_error, "reason", None) or error.os_error
        return f"{error.host}:{error.port} does not speak TLS, or no TLS that this machine takes ({said})"
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        words = os.strerror(number) if number is not None and number > 0 else str(error.os_error)
        return f"{error.host}:{error.port}: {words}"
    return str(error) or type(error).__name__


async def _some(content: aiohttp.StreamReader, most: int) -> bytes:
    read = bytearray()
    while len(read) < most and (more := await content.read(most - len(read))):
        read += more
    return bytes(read)


def _error(response: aiohttp.ClientResponse, raw: bytes) -> ApiError:
    try:
        told = json.loads(raw)
        message = str(told["message"])
        causes = [cause.get("reason") for cause in (told.get("details") or {}).get("causes") or ()]
    except (ValueError, KeyError, TypeError, AttributeError):
        message, causes = raw.decode(errors="replace").strip() or str(response.reason), []
    return error_of(response.status, message, causes, _seconds(response.headers.get("Retry-After", "")))


def _seconds(retry_after: str) -> float:
    """Return what a Retry-After asks for, within reason. The API server writes whole seconds, never a date."""
    return min(float(retry_after), _LONGEST_WAIT) if retry_after.isdecimal() else 0.0
