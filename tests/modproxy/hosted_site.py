"""A replica with hosted modules for tests, and what publishers send to it."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from multidict import CIMultiDict
from yarl import URL

from modproxy.mod.path import escape
from tests.modproxy.module_files import go_mod, module_zip
from tests.modproxy.proxy_process import ProxyProcess, Reply
from tests.secrecy.registry import REGISTRY

PRIVATE = "corp.example.com/team"
PUBLISHER = {"Authorization": "Basic " + base64.b64encode(b"alice:s3cret").decode()}
ALL_VERBS = ["read", "fetch", "publish", "delete"]
OPEN = {"anonymous": ALL_VERBS}
"""Everybody may do everything: what is tested is elsewhere."""


def config(upstream: str, *, hosted: tuple[str, ...] = (PRIVATE,), **more: Any) -> dict[str, Any]:
    """Make the config of a replica with hosted modules."""
    return {
        "upstream": {"goproxy": upstream, "timeout": "2s", "gosumdb": "off"},
        "hosted": {"modules": list(hosted)},
        "access": OPEN,
        "shutdown": {"delay": "0s", "timeout": "5s"},
        **more,
    }


def zip_of(path: str, version: str, **files: bytes) -> bytes:
    """Return the zip of a version, the same bytes each time; `files` are more of its files, without the suffix."""
    return _zip_of(path, version, tuple(sorted(files.items())))


@cache
def _zip_of(path: str, version: str, more: tuple[tuple[str, bytes], ...]) -> bytes:
    # A zip has the time of its making, so that another one has other bytes.
    files = {f"{name}.go": body for name, body in more}
    return module_zip(path, version, {"go.mod": go_mod(path), "m.go": b"package m\n", **files})


def key_of(path: str, version: str, suffix: str = "zip") -> str:
    return f"{escape(path)}/@v/{escape(version)}.{suffix}"


async def send(
    proxy: ProxyProcess, key: str, body: bytes = b"", method: str = "PUT", headers: dict[str, str] | None = None
) -> Reply:
    """Send a body to a path."""
    REGISTRY.add_authorization((headers or {}).get("Authorization", ""), "credential of a client")
    url = URL(f"{proxy.url}/{key}", encoded=True)
    async with proxy.session.request(method, url, data=body, headers=headers) as response:
        return Reply(response.status, await response.read(), CIMultiDict(response.headers))


async def publish(proxy: ProxyProcess, path: str, version: str, body: bytes | None = None, **files: bytes) -> Reply:
    """Publish the zip of a version."""
    return await send(proxy, key_of(path, version), zip_of(path, version, **files) if body is None else body)


async def delete(proxy: ProxyProcess, path: str, version: str) -> Reply:
    return await send(proxy, key_of(path, version), method="DELETE")


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def depot_files(proxy: ProxyProcess) -> list[str]:
    """Return the keys of the files of the replica's own depot."""
    depot: Path = proxy.cache / ".modproxy" / "depot"
    return sorted(str(path.relative_to(depot)) for path in depot.rglob("*") if path.is_file())
