"""The files of a version are of one commit, and the history of a repository is fetched once."""

import asyncio
import json
import random

import pytest
from aiohttp import web

from modproxy.source.protocol import NotFound, Unavailable
from tests.modproxy.git_host import HOST
from tests.modproxy.source.vcs import pages
from tests.modproxy.source.vcs.company import Company

M = f"{HOST}/lib"
SUFFIXES = ("info", "mod", "zip")
NOISE = random.Random(7)


def commit(corp: Company, text: str, *tags: str, branch: str = "main") -> str:
    """Commit a go.mod that names its own state, so that every file tells which commit it is of."""
    return corp.git.commit(
        "lib", {"go.mod": f"module {M}\n// {text}\n", "l.go": f"package l // {text}\n"}, *tags, branch=branch
    )


async def test_a_tag_that_moves_between_the_files(corp: Company) -> None:
    first = commit(corp, "first", "v1.0.0")
    assert json.loads(await corp.get(f"{M}/@v/v1.0.0.info"))["Origin"]["Hash"] == first
    commit(corp, "second", "v1.0.0")
    del corp.source
    assert b"first" in await corp.get(f"{M}/@v/v1.0.0.mod")
    zipped = await corp.get(f"{M}/@v/v1.0.0.zip")
    commit(corp, "third", "v1.0.0")
    assert await corp.get(f"{M}/@v/v1.0.0.zip") == zipped


async def test_a_tag_that_moved_while_the_first_commit_is_not_at_hand(corp: Company) -> None:
    commit(corp, "first", "v1.0.0")
    await corp.get(f"{M}/@v/v1.0.0.info")
    commit(corp, "second", "v1.0.0")
    corp.capacity = 1  # no clone is kept
    await corp.shared.mirrors.evict()
    corp.capacity = 1 << 30
    del corp.source
    for suffix in ("mod", "zip"):
        error = await corp.error(f"{M}/@v/v1.0.0.{suffix}")
        assert (type(error), "the tag has moved" in error.reason) == (Unavailable, True)
    del corp.held[f"{M}/@v/v1.0.0.info"]
    assert b"second" in await corp.get(f"{M}/@v/v1.0.0.mod")


async def test_the_mod_needs_no_run_of_its_own(corp: Company) -> None:
    commit(corp, "first", "v1.0.0")
    assert b"first" in await corp.get(f"{M}/@v/v1.0.0.mod")
    assert corp.git.paths["/lib"] <= 2, "one page, without and with the login"


async def test_a_clone_answers_nothing_alone(corp: Company) -> None:
    head = commit(corp, "first", "v1.0.0", "v1.1.0")
    commit(corp, "second", "v1.2.0", branch="next")
    pseudo = f"v0.0.0-20240203040506-{head[:12]}"
    for query in ("v1.0.0", "v1.1.0", "next", pseudo):
        assert await corp.get(f"{M}/@v/{query}.info")
    work = corp.git.folder / "lib.work"
    corp.git._git(work, "tag", "-d", "v1.1.0")
    corp.git._git(work, "branch", "-D", "main")
    moved = commit(corp, "third", "v1.0.0", branch="next")
    assert await corp.get(f"{M}/@v/list") == b"v1.0.0\nv1.2.0\n"
    assert type(await corp.error(f"{M}/@v/v1.1.0.info")) is NotFound, "a tag that is deleted"
    assert type(await corp.error(f"{M}/@v/main.info")) is NotFound, "a branch that is deleted"
    corp.held.clear()
    assert json.loads(await corp.get(f"{M}/@v/v1.0.0.info"))["Origin"]["Hash"] == moved
    assert json.loads(await corp.get(f"{M}/@v/next.info"))["Origin"]["Hash"] == moved
    corp.git.login = ("robot", "another-secret")
    for query in (pseudo, "next", head[:12]):
        assert type(await corp.error(f"{M}/@v/{query}.info")) is Unavailable, "what the host refuses now"


async def test_tags_with_odd_names(corp: Company, caplog: pytest.LogCaptureFixture) -> None:
    commit(corp, "first", "v1.0.0", '"quoted', "sub/v1.0.0", "\N{SNOWMAN}", "v1.0.1-\u00e9", "a'b")
    assert await corp.get(f"{M}/@v/v1.0.0.info")
    commit(corp, "second", "v1.1.0")
    sent = corp.git.sent["lib"]
    assert await corp.get(f"{M}/@v/main.info")
    assert await corp.get(f"{M}/@v/list") == b"v1.0.0\nv1.1.0\n"
    assert corp.git.sent["lib"] - sent < 6_000
    assert "a clone is of no use" not in caplog.text


async def test_a_host_that_refuses_between_two_files(corp: Company) -> None:
    commit(corp, "first", "v1.0.0")
    corp.git.answers["/lib"] = pages.go_import(M, f"https://{M}.git")
    assert await corp.get(f"{M}/@v/v1.0.0.info")
    corp.git.login = ("robot", "another-secret")
    assert type(await corp.error(f"{M}/@v/v1.0.0.zip")) is Unavailable


async def test_a_clone_belongs_to_its_credentials(corp: Company) -> None:
    head = commit(corp, "first", "v1.0.0")
    pseudo = f"{M}/@v/v0.0.0-20240203040506-{head[:12]}.info"
    assert await corp.get(pseudo)
    [identity] = [folder.name for folder in corp.shared.mirrors.folder.iterdir()]
    assert "first-secret" not in identity
    corp.git.answers["/lib"] = corp.git.answers["/lib.git/info/refs"] = corp.git.answers["/lib.git/git-upload-pack"] = (
        refuse
    )
    corp.entries.clear()
    del corp.source
    assert type(await corp.error(pseudo)) is NotFound
    assert {folder.name for folder in corp.shared.mirrors.folder.iterdir()} == {identity}


async def refuse(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="corp"'})


async def test_history_is_fetched_once(corp: Company) -> None:
    """Seven versions with all their files: what git sends is about once the repository."""
    size = 0
    for n in range(7):
        noise = NOISE.randbytes(20_000).hex()
        size += len(noise) // 2
        corp.git.commit("lib", {"go.mod": f"module {M}\n", f"f{n}.go": f"package l // {noise}\n"}, f"v1.{n}.0")
    for n in range(7):
        for suffix in SUFFIXES:
            assert await corp.get(f"{M}/@v/v1.{n}.0.{suffix}")
    assert corp.git.sent["lib"] < 1.5 * size
    assert not corp.workspaces
    assert 0 < corp.shared.mirrors.used_bytes < 2 * size


async def test_clones_have_a_share_of_the_disk(corp: Company) -> None:
    for name in ("a", "b", "c"):
        noise = NOISE.randbytes(30_000).hex()
        corp.git.commit(name, {"go.mod": f"module {HOST}/{name}\n", "n.go": f"package n // {noise}\n"}, "v1.0.0")
    corp.capacity = 800_000  # a tenth has room for two of them
    for name in ("a", "b", "a", "c"):
        corp.held.clear()
        assert await corp.get(f"{HOST}/{name}/@v/v1.0.0.info")
        assert corp.shared.mirrors.used_bytes <= 80_000
    sent = corp.git.sent["a"]
    corp.held.clear()
    await corp.get(f"{HOST}/a/@v/v1.0.0.info")
    assert corp.git.sent["a"] - sent < 5_000, "it was used later than b"
    sent = corp.git.sent["b"]
    await corp.get(f"{HOST}/b/@v/v1.0.0.info")
    assert corp.git.sent["b"] - sent > 25_000, "it was evicted"
    held = [path for folder in corp.shared.mirrors.folder.iterdir() for path in folder.iterdir() if path.is_dir()]
    assert len(held) == 2


async def test_many_at_once_from_one_repository(corp: Company) -> None:
    for n in range(3):
        commit(corp, f"state {n}", f"v1.{n}.0")
    paths = [f"{M}/@v/v1.{n}.0.{suffix}" for n in range(3) for suffix in ("info", "zip")] + [
        f"{M}/@v/list",
        f"{M}/@latest",
    ]
    answers = await asyncio.gather(*map(corp.get, paths))
    assert all(answers)
    assert not corp.workspaces
    assert not list(corp.shared.mirrors.folder.glob("*/*.lock/*"))
