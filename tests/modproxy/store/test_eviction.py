"""Which files an eviction removes."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modproxy.store.eviction import Due, Freed, evict, evict_unused, threshold
from modproxy.store.tree import dirhash_key, is_zip, walk

NOBODY = 65534
"""A user that owns nothing."""


@pytest.mark.parametrize(
    ("sizes", "wanted", "expected"),
    [
        ({1: 10, 2: 10, 3: 10}, 0, -1),
        ({1: 10, 2: 10, 3: 10}, 1, 1),
        ({1: 10, 2: 10, 3: 10}, 10, 1),
        ({3: 10, 1: 10, 2: 10}, 11, 2),
        ({1: 10}, 99, 1),
        ({}, 99, -1),
    ],
)
def test_threshold(sizes: dict[int, int], wanted: int, expected: int) -> None:
    assert threshold(sizes, wanted) == expected


def make(root: Path, name: str, size: int, minutes_ago: float) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(size))
    then = time.time() - minutes_ago * 60
    os.utime(file, (then, time.time()))


class Remover:
    """Removes files below a folder, and notes their keys."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.keys: list[str] = []

    def __call__(self, key: str, due: Due) -> Freed:
        freed = Freed()
        for name in [key, dirhash_key(key)] if is_zip(key) else [key]:
            file = self.root / name
            if name == key and not due(file.stat()):
                return freed
            freed = freed.plus(Freed(1, file.stat().st_size))
            file.unlink()
            self.keys.append(name)
        return freed


def test_the_least_recently_used_go_and_a_hash_goes_with_its_zip(tmp_path: Path) -> None:
    make(tmp_path, "a/@v/v1.zip", 100, 50)
    make(tmp_path, "a/@v/v1.ziphash", 5, 1)
    make(tmp_path, "a/@v/v1.mod", 100, 40)
    make(tmp_path, "b/@v/v1.zip", 100, 30)
    make(tmp_path, "b/@v/v1.ziphash", 5, 99)
    make(tmp_path, ".modproxy/drafts/x", 100, 99)
    remover = Remover(tmp_path)
    assert evict(tmp_path, remover, 150) == Freed(objects=3, size=205)
    assert set(remover.keys) == {"a/@v/v1.zip", "a/@v/v1.ziphash", "a/@v/v1.mod"}
    left = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert left == [".modproxy/drafts/x", "b/@v/v1.zip", "b/@v/v1.ziphash"]


@pytest.mark.parametrize(
    ("wanted", "gone"),
    [(50, {"b"}), (150, {"b", "c"}), (250, {"b", "c", "a"}), (350, {"b", "c", "a", "d"})],
)
def test_copies_go_first_and_each_group_by_its_last_use(tmp_path: Path, wanted: int, gone: set[str]) -> None:
    for name, minutes_ago in (("a", 90), ("b", 50), ("c", 40), ("d", 10)):
        make(tmp_path, f"{name}/@v/v1.mod", 100, minutes_ago)
    asked: list[str] = []

    def is_copy(key: str) -> bool:
        asked.append(key)
        return key[0] in "bc"

    remover = Remover(tmp_path)
    evict(tmp_path, remover, wanted, is_copy)
    assert {key[0] for key in remover.keys} == gone
    assert len(asked) == 4


def test_each_module_is_asked_about_once(tmp_path: Path) -> None:
    for number in range(50):
        make(tmp_path, f"example.com/m/@v/v1.{number}.0.mod", 1, 10)
    make(tmp_path, "example.com/m/@latest", 1, 10)
    asked: list[str] = []

    def is_copy(key: str) -> bool:
        asked.append(key)
        return False

    evict(tmp_path, Remover(tmp_path), 1, is_copy)
    assert asked == ["example.com/m/@"]


@contextmanager
def unprivileged() -> Iterator[None]:
    """Act without the rights of root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_of_others_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a/@v/list", 10, 100)
    make(tmp_path, "lost+found/x", 10, 100)
    tmp_path.chmod(0o755)
    (tmp_path / "lost+found").chmod(0)
    # The path is relative, because only root may pass the folders above it.
    monkeypatch.chdir(tmp_path)
    with unprivileged():
        assert [entry.name for entry in walk(Path())] == ["list"]
    (tmp_path / "lost+found").chmod(0o700)


def test_what_nobody_asked_for_goes(tmp_path: Path) -> None:
    make(tmp_path, "a/@v/list", 10, 100)
    make(tmp_path, "b/@v/list", 10, 1)
    remover = Remover(tmp_path)
    assert evict_unused(tmp_path, remover, time.time() - 3600) == Freed(1, 10)
    assert remover.keys == ["a/@v/list"]
    assert not (tmp_path / "a/@v/list").exists()
