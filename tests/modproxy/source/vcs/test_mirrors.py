"""The pool of clones: who gets which, one user at a time, and a bound on their bytes."""

import asyncio
from pathlib import Path
from typing import NamedTuple

import pytest

from modproxy.source.vcs import mirrors as module
from modproxy.source.vcs.mirrors import Mirrors, TooLarge

CAPACITY = 100_000


def clone(into: Path, name: str, size: int) -> None:
    (into / name / "objects").mkdir(parents=True)
    (into / name / "objects" / "pack").write_bytes(bytes(size))
    (into / f"{name}.info").write_text(f"git3:https://git.example.com/{name}\n")


def names_in(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()} if folder.exists() else set()


async def bring(mirrors: Mirrors, work: Path, path: str, name: str, size: int, *, identity: str = "me") -> None:
    async with mirrors.lent(identity, path, work, patience=1) as loan:
        if loan.name is None:
            clone(work, name, size)
        await loan.return_all()


async def test_a_clone_comes_back_to_the_paths_of_its_repository(tmp_path: Path) -> None:
    mirrors = Mirrors(tmp_path / "pool", lambda: CAPACITY)
    await bring(mirrors, tmp_path / "a", "git.example.com/x", "x", 1000)
    assert not names_in(tmp_path / "a")
    for path, lent in (
        ("git.example.com/x", "x"), ("git.example.com/x/sub/v2", "x"), ("git.example.com/xy", None),
        ("git.example.com", None),
    ):  # fmt: skip
        async with mirrors.lent("me", path, tmp_path / "b", patience=1) as loan:
            assert loan.name == lent
            await loan.return_all()
    async with mirrors.lent("somebody else", "git.example.com/x", tmp_path / "c", patience=1) as loan:
        assert (loan.name, names_in(tmp_path / "c")) == (None, set())


async def test_one_user_at_a_time(tmp_path: Path) -> None:
    mirrors = Mirrors(tmp_path / "pool", lambda: CAPACITY)
    await bring(mirrors, tmp_path / "a", "git.example.com/x", "x", 1000)
    async with mirrors.lent("me", "git.example.com/x", tmp_path / "b", patience=1) as first:
        async with mirrors.lent("me", "git.example.com/x", tmp_path / "c", patience=0) as second:
            assert (first.name, second.name) == ("x", None)
        waiting = asyncio.create_task(bring(mirrors, tmp_path / "d", "git.example.com/x", "never", 1))
        await asyncio.sleep(0)
        assert not waiting.done()
        await first.return_all()
    await waiting
    assert names_in(mirrors.folder / "me") == {"x", "x.info"}


async def test_a_clone_that_is_not_brought_back_is_forgotten(tmp_path: Path) -> None:
    mirrors = Mirrors(tmp_path / "pool", lambda: CAPACITY)
    await bring(mirrors, tmp_path / "a", "git.example.com/x", "x", 1000)
    with pytest.raises(KeyError):
        async with mirrors.lent("me", "git.example.com/x", tmp_path / "b", patience=1):
            raise KeyError
    assert mirrors.used_bytes == 0
    async with mirrors.lent("me", "git.example.com/x", tmp_path / "c", patience=1) as loan:
        assert loan.name is None


async def test_a_clone_that_git_left_in_the_middle_is_not_kept(tmp_path: Path) -> None:
    mirrors = Mirrors(tmp_path / "pool", lambda: CAPACITY)
    async with mirrors.lent("me", "git.example.com/x", tmp_path / "a", patience=1) as loan:
        clone(tmp_path / "a", "x", 1000)
        (tmp_path / "a" / "x" / "shallow.lock").touch()
        await loan.return_all()
    assert (mirrors.used_bytes, names_in(mirrors.folder)) == (0, set())


async def test_the_least_recently_used_go(tmp_path: Path) -> None:
    mirrors = Mirrors(tmp_path / "pool", lambda: CAPACITY)
    for name in ("x", "y", "x", "z"):
        await bring(mirrors, tmp_path / "a", f"git.example.com/{name}", name, 4000)
    assert names_in(mirrors.folder / "me") == {"x", "x.info", "z", "z.info"}
    assert mirrors.used_bytes == 8000
    await bring(mirrors, tmp_path / "a", "git.example.com/huge", "huge", 20_000)
    assert (mirrors.used_bytes, names_in(mirrors.folder / "me")) == (0, set())


async def test_a_clone_is_made_anew_after_many_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_USES", 3)
    mirrors = Mirrors(tmp_path / "pool", lambda: CAPACITY)
    had = []
    for n in range(6):
        async with mirrors.lent("me", "git.example.com/x", tmp_path / f"{n}", patience=1) as loan:
            had.append(loan.name is not None)
            if loan.name is None:
                clone(tmp_path / f"{n}", "x", 1000)
            await loan.return_all()
    assert had == [False, True, True, True, False, True]


class Disk(NamedTuple):
    total: int
    free: int


async def test_a_file_system_that_is_nearly_full(tmp_path: Path) -> None:
    disk = Disk(1000, 100)
    mirrors = Mirrors(tmp_path / "pool", lambda: CAPACITY, lambda _: disk)
    await bring(mirrors, tmp_path / "a", "git.example.com/x", "x", 1000)
    assert mirrors.used_bytes == 1000
    mirrors.check_size(tmp_path)
    disk = Disk(1000, 49)
    with pytest.raises(TooLarge):
        mirrors.check_size(tmp_path)
    await bring(mirrors, tmp_path / "b", "git.example.com/y", "y", 1000)
    assert (mirrors.used_bytes, names_in(mirrors.folder / "me")) == (0, set())


async def test_of_two_clones_the_larger_one_is_kept(tmp_path: Path) -> None:
    mirrors = Mirrors(tmp_path / "pool", lambda: CAPACITY)
    for path, size in (("git.example.com/x/sub", 10), ("git.example.com/x", 3000), ("git.example.com", 20)):
        await bring(mirrors, tmp_path / "a", path, "x", size)
        clone_left = tmp_path / "a" / "x"
        if clone_left.exists():
            (clone_left / "objects" / "pack").unlink()
            (clone_left / "objects").rmdir()
            clone_left.rmdir()
    assert mirrors.used_bytes == 3000


async def test_all_fetches_together_have_a_bound(tmp_path: Path) -> None:
    mirrors = Mirrors(tmp_path / "pool", lambda: CAPACITY)
    for name, size in (("a", 30_000), ("b", 15_000)):
        clone(tmp_path, name, size)
        mirrors.check_size(tmp_path / name)
    clone(tmp_path, "c", 10_000)
    mirrors.check_size(tmp_path / "c")
    with pytest.raises(TooLarge):
        mirrors.check_size(tmp_path / "a")
    mirrors.forget_size(tmp_path / "a")
    mirrors.check_size(tmp_path / "b")
