"""How a fleet of a cluster is found, and its replicas asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.client.failure import ClientError, UsageError
from goproxy_operator.reach.arguments import Where
from goproxy_operator.reach.fleet import GoneError, MissingRightError, ReachError, ask_all, reports
from goproxy_operator.reach.place import reach
from modproxy.contract.report import Report
from tests.operator.reach.api_stand_in import ApiStandIn
from tests.operator.reconcile.status.status_facts import report


@pytest.fixture
async def api() -> AsyncIterator[ApiStandIn]:
    async with ApiStandIn() as server:
        yield server


def where(api: ApiStandIn, folder: Path, **more: Any) -> Where:
    return Where(api.kubeconfig(folder), **more)


async def test_the_only_fleet_of_the_contexts_namespace_and_its_reports(api: ApiStandIn, tmp_path: Path) -> None:
    api.add()
    api.add("team-b", namespace="other")
    api.fleets = api.fleets[:1]
    api.reply("/-/report", report().model_dump_json(by_alias=True).encode())
    async with reach(where(api, tmp_path)) as place:
        fleet = await place.fleet(None)
        told = await reports(fleet)
    assert (fleet.name, fleet.namespace, fleet.url) == ("team-a", "build", "http://team-a.build.svc:8080")
    assert [replica.name for replica in fleet.replicas] == ["team-a-0", "team-a-1"]
    assert all(isinstance(one, Report) for one in told.values())
    assert api.forwards == 2


async def test_several_fleets_have_to_be_told_apart(api: ApiStandIn, tmp_path: Path) -> None:
    api.add()
    api.add("team-b")
    async with reach(where(api, tmp_path)) as place:
        with pytest.raises(UsageError, match="2 fleets: say which one; there are build/team-a, build/team-b"):
            await place.fleet(None)
        assert (await place.fleet("team-b")).name == "team-b"
        with pytest.raises(ClientError, match="no fleet team-c in the namespace build: there are team-a, team-b"):
            await place.fleet("team-c")


async def test_impersonation_goes_with_port_forwards_too(api: ApiStandIn, tmp_path: Path) -> None:
    api.add(replicas=1)
    api.reply("/-/report", b"{}")
    async with reach(where(api, tmp_path, acting_as="jane", acting_groups=("keepers",))) as place:
        await ask_all((await place.fleet("team-a")).replicas, "/-/report")
    assert api.forwards == 1
    assert all(one["Impersonate-User"] == "jane" and one["Impersonate-Group"] == "keepers" for one in api.headers)


async def test_what_keeps_a_replica_from_answering_is_told(api: ApiStandIn, tmp_path: Path) -> None:
    api.add(replicas=1)
    async with reach(where(api, tmp_path)) as place:
        (replica,) = (await place.fleet("team-a")).replicas

        async def why() -> str:
            with pytest.raises(ReachError) as told:
                await replica.get("/-/top", largest=5000, seconds=5)
            return str(told.value)

        assert "closes the connection without an answer" in await why()
        api.replies["team-a-0", "/-/top"] = b"SSH-2.0-x\r\n"
        assert "speaks no HTTP" in await why()
        api.reply("/-/top", b"x" * 5001)
        assert "more than 5000 bytes" in await why()
        api.replies["team-a-0", "/-/top"] = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 40_000
        assert "more than" in await why()
        api.reply("/-/top", b"no", 404)
        assert "an older version" in await why()
        api.reply("/-/top", b"no\x1b[31m", 500)
        assert "answers /-/top with 500: no\\x1b[31m" in await why()
        api.kubelet_error = "error forwarding port 8081: connection refused"
        assert "the kubelet reaches nothing there: error forwarding port 8081" in await why()
        api.refused = 403
        with pytest.raises(MissingRightError, match="create on pods/portforward in the namespace build"):
            await replica.get("/-/top")
        api.refused = 404
        with pytest.raises(GoneError, match="team-a-0 is gone"):
            await replica.get("/-/top")
        api.refused = 502
        assert "opens no port-forward (502" in await why()


async def test_an_answer_of_any_length_arrives_whole(api: ApiStandIn, tmp_path: Path) -> None:
    api.add(replicas=1)
    body = bytes(range(256)) * 400
    api.reply("/-/top", body)
    async with reach(where(api, tmp_path)) as place:
        (replica,) = (await place.fleet("team-a")).replicas
        assert await replica.get("/-/top?limit=3") == body
        api.replies["team-a-0", "/-/top"] = (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
        assert await replica.get("/-/top") == b"abcde"


async def test_a_pod_that_does_not_run_is_not_asked(api: ApiStandIn, tmp_path: Path) -> None:
    api.add(replicas=1)
    api.pods[0]["status"]["phase"] = "Pending"
    async with reach(where(api, tmp_path)) as place:
        (answer,) = (await ask_all((await place.fleet("team-a")).replicas, "/-/top")).values()
    assert isinstance(answer, GoneError)
    assert "it is Pending: kubectl -n build describe pod team-a-0" in str(answer)
    assert api.forwards == 0


async def test_several_files_are_one_kubeconfig(
    api: ApiStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.add()
    (tmp_path / "a").mkdir()
    other = tmp_path / "b"
    other.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: elsewhere\ncontexts: []\nclusters: []\nusers: []\n"
    )
    files = [tmp_path / "absent", api.kubeconfig(tmp_path / "a"), other]
    monkeypatch.setenv("KUBECONFIG", ":".join(map(str, files)))
    async with reach(Where()) as place:
        assert (await place.fleet(None)).name == "team-a"
