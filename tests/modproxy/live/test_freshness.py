"""How long answers stay fresh: immutable files for ever, lists and absences for the time that the config says."""

import os
import time

from tests.kubernetes.eventually import eventually
from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess

M = "example.com/!mixed"
LIST, MOD = f"{M}/@v/list", f"{M}/@v/v1.0.0.mod"


async def age(proxy: ProxyProcess, key: str, seconds: float) -> None:
    """Make a stored file look as if it had been fetched that long ago."""
    await proxy.settled()
    then = time.time() - seconds
    os.utime(proxy.cache / key, (then, then))
    await proxy.forget_hits()


async def test_a_list_is_fresh_then_stale_while_refreshed_behind(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    await proxy.get(LIST)
    await age(proxy, LIST, 50)
    assert (await proxy.get(LIST)).headers["Cache-Status"] == "modproxy; hit"
    assert upstream.requests[LIST] == 1
    upstream.add("example.com/Mixed", "v1.0.0", "v1.1.0", "v1.2.0")
    await age(proxy, LIST, 70)
    old = await proxy.get(LIST)
    assert (old.body, "stale" in old.headers["Cache-Status"]) == (b"v1.0.0\nv1.1.0\n", True)
    await eventually(lambda: b"v1.2.0" in (proxy.cache / LIST).read_bytes(), "the list is refreshed")
    assert (await proxy.get(LIST)).body == b"v1.0.0\nv1.1.0\nv1.2.0\n"
    assert upstream.requests[LIST] == 2
    assert (await proxy.report()).requests["stale"] == 1


async def test_an_outage_is_answered_from_what_is_held_and_asked_about_rarely(
    proxy: ProxyProcess, upstream: FakeUpstream
) -> None:
    await proxy.get(LIST)
    upstream.behaviours[LIST] = fake.status(500)
    await age(proxy, LIST, 23 * 3600)
    for _ in range(20):
        assert (await proxy.get(LIST)).body == b"v1.0.0\nv1.1.0\n"
    assert upstream.requests[LIST] == 2
    await age(proxy, LIST, 25 * 3600)
    assert (await proxy.get(LIST)).status == 502


async def test_an_immutable_file_never_ages(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    await proxy.get(MOD)
    await age(proxy, MOD, 10 * 365 * 86400)
    reply = await proxy.get(MOD)
    assert reply.headers["Cache-Status"] == "modproxy; hit"
    assert upstream.requests[MOD] == 1


async def test_an_absence_is_remembered_and_an_outage_is_not(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    upstream.behaviours[MOD] = fake.status(410, "retired")
    for _ in range(3):
        reply = await proxy.get(MOD)
        assert (reply.status, "retired" in reply.text) == (410, True)
    assert upstream.requests[MOD] == 1
    upstream.behaviours[LIST] = fake.status(503)
    for _ in range(3):
        assert (await proxy.get(LIST)).status == 503
    assert upstream.requests[LIST] == 3


async def test_what_upstream_took_back_is_no_longer_listed(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    await proxy.get(LIST)
    upstream.behaviours[LIST] = fake.status(404)
    await age(proxy, LIST, 70)
    assert (await proxy.get(LIST)).status == 200
    await eventually(lambda: LIST not in proxy.files_on_disk(), "the list is gone")
    assert (await proxy.get(LIST)).status == 404


async def test_a_restart_finds_everything_again(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    await proxy.get(MOD)
    await proxy.settled()
    (proxy.cache / ".modproxy" / "drafts" / "left-over").write_bytes(b"half")
    before = await proxy.report()
    await proxy.kill()
    await proxy.start()
    assert (await proxy.get(MOD)).headers["Cache-Status"] == "modproxy; hit"
    report = await proxy.until_report(lambda report: report.storage.scanned)
    assert report.storage == before.storage
    assert not list((proxy.cache / ".modproxy" / "drafts").iterdir())
