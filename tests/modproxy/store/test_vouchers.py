"""Who vouched for a file is kept with the file, also after a restart, whatever the file system can."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from modproxy.store.disk import DiskStore

MOD, ZIP = "example.com/m/@v/v1.0.0.mod", "example.com/m/@v/v1.0.0.zip"


@pytest.fixture(params=["attributes", "files beside"])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the operating system refuse extended attributes in one of two runs, as many file systems do."""
    if request.param == "attributes":
        return

    def refuse(*_: Any) -> Any:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    monkeypatch.setattr(os, "getxattr", refuse)


async def opened(folder: Path) -> DiskStore:
    store = DiskStore(folder)
    store.prepare()
    return store


async def put_zip(store: DiskStore, voucher: str) -> None:
    draft = await store.draft(3)
    await draft.write(b"zip")
    assert await store.publish(draft, ZIP, "h1:x", voucher) is not None
    draft.close()
    await store.settle()


async def voucher_of(store: DiskStore, key: str) -> str:
    file = await store.get(key)
    assert file is not None
    return file.voucher


@pytest.mark.usefixtures("file_system")
async def test_vouchers_survive_a_restart(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    stored = await store.put(MOD, b"module m\n", "upstream sum.example.com+12345678")
    await store.settle()
    assert stored is not None
    assert stored.voucher == "upstream sum.example.com+12345678"
    await put_zip(store, "vcs")
    store.close()
    store = await opened(tmp_path)
    assert await voucher_of(store, MOD) == "upstream sum.example.com+12345678"
    assert await voucher_of(store, ZIP) == "vcs"
    tree = sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "example.com").rglob("*") if path.is_file())
    assert tree == [MOD, ZIP, ZIP.replace(".zip", ".ziphash")]
    store.close()


@pytest.mark.usefixtures("file_system")
async def test_a_voucher_is_of_one_file_alone(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.put(MOD, b"module m\n", "upstream")
    await store.settle()
    await store.put(MOD, b"module n\n")
    await store.settle()
    assert await voucher_of(store, MOD) == ""
    await store.put(MOD, b"module m\n", "upstream")
    await store.settle()
    (tmp_path / MOD).unlink()
    (tmp_path / MOD).write_bytes(b"module x\n")
    assert await voucher_of(store, MOD) == ""
    await store.put(MOD, b"module m\n", "upstream")
    await store.settle()
    await store.delete(MOD)
    store.close()
    store = await opened(tmp_path)
    (tmp_path / MOD).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / MOD).write_bytes(b"module m\n")
    assert await voucher_of(store, MOD) == ""
    store.close()
