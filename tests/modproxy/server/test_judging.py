"""What is known of versions refuses nobody wrongly, is passed by nobody, and makes nothing be fetched for a reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.module_files import info
from tests.modproxy.server.hit.two_ways import INFO, LIST, MOD, ZIP, M, TwoWays, get

AGE = {"minimumAge": "72h"}
READ_ONLY = {"anonymous": ["read"]}


async def _status(site: TwoWays, path: str, *lines: str, method: str = "GET") -> int:
    return int((await site.ask(site.quick, get(path, *lines, method=method))).split()[1])


@pytest.mark.parametrize("path", [MOD, ZIP])
async def test_a_version_whose_info_is_kept_back_is_not_older_for_that(
    tmp_path: Path, upstream: FakeUpstream, path: str
) -> None:
    upstream.behaviours[INFO] = fake.status(404)
    async with TwoWays(tmp_path, upstream, {"modules": AGE}) as site:
        assert await _status(site, INFO) == 404
        upstream.behaviours[INFO] = fake.body(info("v1.0.0").replace(b"20", b"21", 1))
        for _ in range(4):  # the absence of the .info is remembered meanwhile
            assert await _status(site, path) == 404


async def test_a_dry_run_serves_a_version_whose_info_is_kept_back(tmp_path: Path, upstream: FakeUpstream) -> None:
    upstream.behaviours[INFO] = fake.status(404)
    async with TwoWays(tmp_path, upstream, {"modules": AGE | {"mode": "DryRun"}}) as site:
        assert await _status(site, ZIP) == 200


async def test_latest_passes_over_a_version_whose_info_is_kept_back(tmp_path: Path, upstream: FakeUpstream) -> None:
    upstream.add("example.com/Mixed", "v1.0.0", "v1.1.0", "v1.2.0")
    upstream.behaviours[f"{M}/@v/v1.1.0.info"] = fake.status(404)
    upstream.files[f"{M}/@latest"] = info("v1.2.0").replace(b"20", b"21", 1)
    upstream.files[f"{M}/@v/v1.2.0.info"] = info("v1.2.0").replace(b"20", b"21", 1)
    async with TwoWays(tmp_path, upstream, {"modules": AGE}) as site:
        answer = await site.ask(site.quick, get(f"{M}/@latest"))
        assert b'"v1.0.0"' in answer, answer


@pytest.mark.parametrize("path", [INFO, MOD, ZIP, LIST, f"{M}/@latest", f"{M}/@v/v1.0.info"])
async def test_a_reader_makes_nothing_be_fetched_by_asking_for_what_is_judged(
    tmp_path: Path, upstream: FakeUpstream, path: str
) -> None:
    upstream.add("example.com/Mixed", "v1.0.0", "v1.1.0", "v1.2.0")
    upstream.files[f"{M}/@v/v1.0.info"] = info("v1.0.0")
    async with TwoWays(tmp_path, upstream) as site:
        assert await _status(site, path) == 200
        await site.settled()
        await site.replica.change(site.config({"access": READ_ONLY, "modules": AGE}))
        before = upstream.requests.total()
        for headers in ((), ("Range: bytes=0-3",), ("If-None-Match: *",), ("Disable-Module-Fetch: true",)):
            for method in ("GET", "HEAD"):
                await _status(site, path, *headers, method=method)
        await site.settled()
        assert upstream.requests.total() == before


async def test_what_a_reader_may_not_find_out_hides_nothing_from_those_who_may(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    async with TwoWays(tmp_path, upstream) as site:
        assert await _status(site, ZIP) == 200
        await site.settled()
        await site.replica.change(site.config({"access": READ_ONLY, "modules": AGE}))
        assert await _status(site, ZIP) in (403, 404), "nobody can tell its age without its .info"
        await site.replica.change(site.config({"access": {"anonymous": ["read", "fetch"]}, "modules": AGE}))
        assert await _status(site, ZIP) == 200
        await site.replica.change(site.config({"access": READ_ONLY, "modules": AGE}))
        assert await _status(site, ZIP) == 200, "its .info is held now"
