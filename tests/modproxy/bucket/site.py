"""Replicas, an upstream and an object store for tests: what each of them needs to be told."""

from pathlib import Path
from typing import Any

from modproxy.contract.report import Report
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess
from tests.secrecy.registry import new_secret

M = "example.com/!mixed"
KEYS = [f"{M}/@v/v1.0.0.info", f"{M}/@v/v1.0.0.mod", f"{M}/@v/v1.0.0.zip"]
ALL = [*KEYS, f"{M}/@v/list", f"{M}/@latest"]


def replica(
    folder: Path,
    upstream: FakeUpstream | str,
    store: dict[str, Any],
    *,
    cache: dict[str, Any] | None = None,
    asks: dict[str, Any] | None = None,
    **more: Any,
) -> ProxyProcess:
    """Make a replica with an object store. `asks` is more of its config's `upstream`."""
    url = upstream if isinstance(upstream, str) else upstream.url
    document = {
        "upstream": {"goproxy": url, "timeout": "2s", "gosumdb": "off", **(asks or {})},
        "cache": {**({"objectStore": store} if store else {}), **(cache or {})},
        "shutdown": {"delay": "0s", "timeout": "5s"},
        **more,
    }
    return ProxyProcess(folder, document, arguments=("--verbose",))


def s3_secret(folder: Path, name: str = "bucket", key: str = "test", secret: str | None = None) -> str:
    """Write the Secret of an S3, and return its secret key."""
    secret = secret or new_secret("secret-key")
    put_keys(folder / name, AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret)
    return secret


def put_keys(folder: Path, **keys: str) -> None:
    """Write keys of a Secret, each in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, text in keys.items():
        draft = folder / ".draft"
        draft.write_text(text)
        draft.replace(folder / key.replace("__", "."))


def is_written(report: Report) -> bool:
    """Say whether all is in the object store."""
    return report.object_store is not None and report.object_store.waiting == 0


async def fill(proxy: ProxyProcess, keys: list[str]) -> dict[str, bytes]:
    """Request files, and wait until the object store has them."""
    bodies = {}
    for key in keys:
        answer = await proxy.get(key)
        assert answer.status == 200, answer.text
        bodies[key] = answer.body
    await proxy.until_report(is_written, seconds=20)
    return bodies


NOWHERE = "http://127.0.0.1:9"
"""An upstream at which nothing answers."""
