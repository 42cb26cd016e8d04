"""An edit of the file reaches the replicas; an edit that cannot be taken changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.local.local_fleet import LocalFleet, document
from tests.modproxy.fake_upstream import FakeUpstream

M, N = "example.com/m/@v/list", "example.com/n/@v/list"
NAMING = "  modules: {allowlistConfigMapName: shared}\n"


def config_map(patterns: str) -> str:
    return (
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: shared}}\ndata: {{modules: {json.dumps(patterns)}}}\n"
    )


async def test_a_denied_module_is_refused_with_the_reason(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with LocalFleet(tmp_path, document(upstream.url, replicas=2)) as fleet:
        assert (await fleet.get(M))[0] == 200
        since = fleet.rewrite(document(upstream.url, "  modules: {deny: [example.com/m]}\n", replicas=2))
        refused = await fleet.answers(M, 403)
        assert "modules.deny has example.com/m" in refused
        assert refused.endswith("\nhelp: docs/symptoms.md#403-forbidden\n")
        await fleet.line("team-a: config in force on 2 of 2 replicas", since=since)
        assert (await fleet.get(N))[0] == 200


async def test_a_file_behind_a_link_that_is_swapped(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with LocalFleet(tmp_path, document(upstream.url)) as fleet:
        assert (await fleet.get(M))[0] == 200
        other = tmp_path / "other.yaml"
        other.write_text(document(upstream.url, "  modules: {deny: [example.com/m]}\n"))
        link = tmp_path / "link"
        link.symlink_to(other)
        link.replace(fleet.file)
        await fleet.answers(M, 403)


async def test_the_config_map_beside_it_is_the_allowlist(upstream: FakeUpstream, tmp_path: Path) -> None:
    text = document(upstream.url, NAMING)
    async with LocalFleet(tmp_path, text) as fleet:
        await fleet.line("ConfigMap shared is not in the file: the last known list holds, at first nothing is allowed")
        await fleet.answers(M, 403)
        fleet.rewrite(text + config_map("example.com/m\n"))
        await fleet.answers(M, 200)
        assert (await fleet.get(N))[0] == 403
        since = fleet.rewrite(text)
        await fleet.line("ConfigMap shared is not in the file", since=since)
        assert ((await fleet.get(M))[0], (await fleet.get(N))[0]) == (200, 403)
    async with LocalFleet(tmp_path, text) as fleet:
        assert ((await fleet.get(M))[0], (await fleet.get(N))[0]) == (200, 403)


async def test_replicas_come_and_go(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with LocalFleet(tmp_path, document(upstream.url)) as fleet:
        await fleet.line("config in force on 1 of 1")
        fleet.rewrite(document(upstream.url, replicas=3))
        await fleet.line("config in force on 3 of 3")
        since = fleet.rewrite(document(upstream.url, replicas=1))
        await fleet.line("team-a-2: leaves the fleet", since=since)
        await fleet.line("team-a-1: leaves the fleet", since=since)
        assert (await fleet.get(M))[0] == 200


async def test_a_path_prefix_is_part_of_the_url(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with LocalFleet(tmp_path, document(upstream.url, "  expose: {pathPrefix: /go}\n")) as fleet:
        assert (await fleet.url()).endswith("/go")
        assert (await fleet.get(M))[0] == 200
        since = fleet.rewrite(document(upstream.url, "  expose: {pathPrefix: /other}\n"))
        await fleet.line("^export GOPROXY=.*/other$", since=since)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        pytest.param("spec: [\n", r"goproxy\.yaml: line 2, column 1: not YAML: .*; the replicas stay as", id="no YAML"),
        pytest.param("", r"goproxy\.yaml: 0 GoProxy objects", id="emptied"),
        pytest.param(
            document("https://proxy.invalid", "  replica: 3\n"),
            r"goproxy\.yaml: spec\.replica: unknown field: .*; the replicas stay as they are$",
            id="an unknown field",
        ),
        pytest.param(
            document("https://proxy.invalid", name="team-b"),
            r"metadata\.name: was team-a, is team-b: stop, and start again",
            id="another name",
        ),
    ],
)
async def test_a_bad_edit_changes_nothing(upstream: FakeUpstream, tmp_path: Path, edit: str, told: str) -> None:
    good = document(upstream.url)
    async with LocalFleet(tmp_path, good) as fleet:
        assert (await fleet.get(M))[0] == 200
        since = fleet.rewrite(edit)
        await fleet.line(told, since=since)
        assert (await fleet.get(N))[0] == 200
        since = fleet.rewrite(good)
        await fleet.line("team-a: the file is in order again", since=since)
        assert not any("died" in line or "Traceback" in line for line in fleet.lines)


async def test_a_file_that_is_removed_changes_nothing(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with LocalFleet(tmp_path, document(upstream.url)) as fleet:
        assert (await fleet.get(M))[0] == 200
        fleet.file.unlink()
        await fleet.line(r"goproxy\.yaml is gone: the replicas stay as they are; put it back to change them")
        assert (await fleet.get(N))[0] == 200
