"""Credentials are kept up to date: read again before they are of no use, and never more often than that."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from goproxy_operator.kube.access import Access, load_access
from goproxy_operator.kube.credentials import AccessError, ApiCredentials
from goproxy_operator.kube.tls import TlsMaterial


class ScriptedLogin:
    """Credentials that a test changes; `gate` holds a reading up while it is closed."""

    def __init__(self, token: str = "first", expires: datetime | None = None) -> None:
        self.now = ApiCredentials("https://one.example/", TlsMaterial(insecure=True), token, expires=expires)
        self.error: AccessError | None = None
        self.readings: list[bool] = []
        self.gate = threading.Event()
        self.gate.set()

    def read(self, *, refused: bool) -> ApiCredentials:
        self.readings.append(refused)
        self.gate.wait(10)
        if self.error is not None:
            raise self.error
        return self.now

    def becomes(self, token: str, expires: datetime | None = None) -> None:
        self.now = replace(self.now, authorization=token, expires=expires)


async def token(access: Access) -> str:
    return (await access.connection()).headers["Authorization"]


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


async def test_what_is_fresh_is_not_read_again() -> None:
    source = ScriptedLogin()
    access = Access(source)
    first = await access.connection()
    source.becomes("second")
    assert await access.connection() is first
    assert (first.server, first.headers, source.readings) == (
        "https://one.example",
        {"Authorization": "first"},
        [False],
    )


async def test_what_is_old_is_read_again_and_nobody_waits_for_that() -> None:
    source = ScriptedLogin()
    access = Access(source, fresh=0)
    await access.connection()
    source.becomes("second")
    source.gate.clear()
    assert [await token(access) for _ in range(20)] == ["first"] * 20
    assert len(source.readings) == 2
    source.gate.set()
    async with asyncio.timeout(10):
        while await token(access) != "second":
            await asyncio.sleep(0.01)


async def test_what_has_expired_is_waited_for_by_all_and_read_once() -> None:
    source = ScriptedLogin(expires=ago(1))
    access = Access(source, soon=0)
    await access.connection()
    source.becomes("second")
    source.gate.clear()
    callers = [asyncio.create_task(token(access)) for _ in range(20)]
    await asyncio.sleep(0.05)
    assert not any(caller.done() for caller in callers)
    source.gate.set()
    assert await asyncio.gather(*callers) == ["second"] * 20
    assert len(source.readings) == 2


async def test_what_is_of_no_use_is_not_read_again_at_once() -> None:
    source = ScriptedLogin(expires=ago(1))
    access = Access(source)
    assert [await token(access) for _ in range(20)] == ["first"] * 20
    assert len(source.readings) == 1


async def test_what_the_api_server_refuses_is_read_again() -> None:
    source = ScriptedLogin()
    access = Access(source, soon=0)
    stale = await access.connection()
    source.becomes("second")
    access.refuse(stale)
    assert await token(access) == "second"
    access.refuse(stale)
    assert await token(access) == "second"
    assert source.readings == [False, True], "that an old answer was refused says nothing of the new one"


async def test_without_new_credentials_those_of_before_are_used(caplog: pytest.LogCaptureFixture) -> None:
    source = ScriptedLogin(expires=ago(1))
    access = Access(source, soon=0)
    await access.connection()
    source.error = AccessError("the plugin failed")
    assert await token(access) == "first"
    assert "the plugin failed; going on with the credentials of before" in caplog.text
    source.error = None
    source.becomes("second")
    assert await token(access) == "second"


async def test_a_context_of_tls_is_made_only_where_certificates_change() -> None:
    source = ScriptedLogin()
    access = Access(source, soon=0)
    first = await access.connection()
    access.refuse(first)
    second = await access.connection()
    assert second is not first
    assert second.tls is first.tls
    source.now = replace(source.now, tls=TlsMaterial(server_name="other.example"))
    access.refuse(second)
    assert (await access.connection()).tls is not first.tls


async def test_without_any_credentials_it_is_told() -> None:
    source = ScriptedLogin()
    source.error = AccessError("no way")
    with pytest.raises(AccessError, match="no way"):
        await Access(source).connection()
    source.error, source.now = None, replace(source.now, tls=TlsMaterial(certificate=b"x", key=b"y"))
    with pytest.raises(AccessError, match=r"the certificates for https://one.example/ cannot be used"):
        await Access(source).connection()


async def test_outside_of_a_pod_a_kubeconfig_has_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="not in a pod: name a kubeconfig with --kubeconfig FILE"):
        await load_access(None, folder=tmp_path)
    with pytest.raises(AccessError, match="--context chooses from a kubeconfig"):
        await load_access(None, "one")
