"""Version control by way of the go command: its answers, its limits, and what it needs."""

import asyncio
import io
import json
import os
import random
import stat
import zipfile
from pathlib import Path

import pytest

from modproxy.mod.archive import check_carefully
from modproxy.mod.path import check_path
from modproxy.mod.version import Version
from modproxy.mod.zip_arriving import ArrivingZip
from modproxy.source.protocol import NotFound, Unavailable
from tests.kubernetes.eventually import eventually
from tests.modproxy.git_host import HOST
from tests.modproxy.making import request
from tests.modproxy.source.fake_source import read
from tests.modproxy.source.vcs import pages
from tests.modproxy.source.vcs.company import Company
from tests.modproxy.source.vcs.test_process import SLEEPER, until_ended

M = f"{HOST}/lib"
LIST, INFO = f"{M}/@v/list", f"{M}/@v/v1.0.0.info"


def go(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program with the name go first on the PATH. It prints what the real one prints, and needs no network."""
    file = folder / "bin" / "go"
    file.parent.mkdir()
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{file.parent}:{os.environ['PATH']}")


PRINTED = {
    """echo '{"Versions": ["v1.0.0", "v1.1.0"]}'""": (LIST, b"v1.0.0\nv1.1.0\n"),
    "echo '{}'": (LIST, b""),
    """echo '{"Version": "v1.0.0", "Dir": "/x", "Origin": {"VCS": "git"}}'""": (
        INFO, b'{"Version":"v1.0.0","Origin":{"VCS":"git"}}'
    ),
}  # fmt: skip


@pytest.mark.parametrize("script", PRINTED)
async def test_what_the_go_command_prints(
    corp: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    go(tmp_path, monkeypatch, script)
    path, expected = PRINTED[script]
    assert await corp.get(path) == expected
    assert not corp.workspaces


async def test_what_takes_too_long_is_ended_with_all_it_started(
    corp: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path, monkeypatch, f"cd {tmp_path}; {SLEEPER}")
    corp.timeout = 1
    error = await corp.error(INFO)
    assert (type(error), error.status) == (Unavailable, 504)
    assert "did not answer within 1 s" in error.reason
    await until_ended(tmp_path)
    assert not corp.workspaces


async def test_a_fetch_that_nobody_waits_for_any_more(corp: Company) -> None:
    corp.git.answers["/lib"] = pages.never
    task = asyncio.create_task(corp.get(INFO))
    await eventually(lambda: corp.git.paths["/lib"] > 0, "the go command has asked")
    marker = str(corp.workspaces[0]).encode()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: not _running_with(marker), "nothing of it runs any more")
    assert not corp.workspaces


def _running_with(marker: bytes) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (process / "environ").read_bytes() and process.name != str(os.getpid()):
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


async def test_what_is_larger_than_the_cache_has_room_for(
    corp: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path, monkeypatch, "head -c 2000000 /dev/zero >$HOME/filling; sleep 60")
    corp.capacity = 1 << 20
    error = await corp.error(INFO)
    assert (type(error), "larger than this cache has room for" in error.reason) == (Unavailable, True)
    assert not corp.workspaces


async def test_zips_of_the_go_command_are_checked_as_they_come(corp: Company) -> None:
    corp.git.commit("lib", {"go.mod": f"module {M}\n", "empty": "", "large": random.Random(1).randbytes(400_000).hex()})
    corp.git.commit("lib", {f"{number}/a.go": "package a\n" * number for number in range(200)}, "v1.0.0")
    content = await corp.get(f"{M}/@v/v1.0.0.zip")
    arriving = ArrivingZip(check_path(M), Version("v1.0.0"))
    arriving.feed(content)
    assert arriving.finish(io.BytesIO(content)) == check_carefully(
        io.BytesIO(content), check_path(M), Version("v1.0.0")
    )
    assert arriving.usual


async def test_what_it_needs_and_has_not(corp: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="not in version control"):
        await read(corp.source, request("sumdb/sum.example.com/latest"))
    corp.credential("other.example.com", "missing")
    (corp.folder / "secrets" / "missing").rmdir()
    del corp.source
    corp.git.commit("lib", {"go.mod": f"module {M}\n"}, "v1.0.0")
    assert await corp.get(LIST) == b"v1.0.0\n", "a Secret that is missing hurts its own place only"
    corp.credential(HOST + "/secret", "missing")
    del corp.source
    assert "Secret missing has no key password" in (await corp.error(f"{HOST}/secret/@v/list")).reason
    monkeypatch.setenv("PATH", "/nowhere")
    error = await corp.error(LIST)
    assert (error.status, "no go command here" in error.reason) == (503, True)


async def test_what_fails_while_its_answer_is_read_is_left_to_the_reader(corp: Company) -> None:
    corp.git.commit("lib", {"go.mod": f"module {M}\n"}, "v1.0.0")
    with pytest.raises(OSError, match="of the reader"):
        async with corp.source.fetch(request(LIST)):
            raise OSError("of the reader")
    assert not corp.workspaces


async def test_a_disk_that_refuses(corp: Company) -> None:
    corp.folder.joinpath("private").write_text("no folder")
    error = await corp.error(LIST)
    assert (type(error), error.status, str(corp.folder) in error.reason) == (Unavailable, 503, False)


async def test_it_runs_in_no_project(corp: Company, tmp_path: Path) -> None:
    """A fleet on a laptop may keep its data in the folder of somebody's project."""
    corp.git.commit("lib", {"go.mod": f"module {M}\n"}, "v1.0.0", "v1.1.0")
    (tmp_path / "go.mod").write_text(f"module example.com/p\nexclude {M} v1.1.0\nreplace {M} => ./elsewhere\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git" / "config").write_text('[url "https://elsewhere.example.com/"]\n\tinsteadOf = https://\n')
    assert await corp.get(LIST) == b"v1.0.0\nv1.1.0\n"
    assert json.loads(await corp.get(f"{M}/@latest"))["Version"] == "v1.1.0"
    assert await corp.get(f"{M}/@v/v1.1.0.zip")
    assert not (tmp_path / "go.sum").exists()


@pytest.mark.parametrize("in_folder", ["", "sub/v2"])
async def test_a_module_for_a_newer_go(corp: Company, in_folder: str) -> None:
    """The zip that is made without the go command has the same hash as the one that the go command makes."""
    go_mod = f"module {HOST}/NAME{f'/{in_folder}' if in_folder else ''}\n\ngo 1.GO\ntoolchain go1.GO.9\n"
    future = "\nfancy (\n\tfuture directive\n)\n"
    below = f"{in_folder}/" if in_folder else ""
    files = {
        f"{below}a.go": "package a\r\n", f"{below}vendor/modules.txt": "x", f"{below}vendor/example.com/x/x.go": "x",
        f"{below}pkg/vendor/vendor.go": "x", f"{below}vendor/top.go": "x", f"{below}other/go.mod": "module other\n",
        f"{below}other/b.go": "b", f"{below}deep/er/c.txt": "c",
        f"{below}.gitattributes": "* text\n*.txt export-subst\nd.txt export-ignore\n", f"{below}d.txt": "$Format:%H$",
        "LICENSE": "free", "outside.go": "package outside\n",
    }  # fmt: skip
    tag = "v2.0.0" if "v2" in in_folder else "v1.0.0"
    tag = f"sub/{tag}" if "sub" in in_folder else tag
    version = tag.rpartition("/")[2]
    sizes = []
    for name, go_version in (("now", "25"), ("new", "99")):
        text = go_mod.replace("NAME", name).replace("GO", go_version) + (future if name == "new" else "")
        corp.git.commit(name, files | {f"{below}go.mod": text}, tag)
        path = f"{HOST}/{name}{f'/{in_folder}' if in_folder else ''}"
        assert await corp.get(f"{path}/@v/{version}.mod") == text.encode()
        sizes.append(_names_in(await corp.get(f"{path}/@v/{version}.zip"), path, version))
        assert json.loads(await corp.get(f"{path}/@v/{version}.info"))["Version"] == version
        assert (await corp.get(f"{path}/@v/list")) == f"{version}\n".encode()
    assert sizes[0] == sizes[1]
    assert "a.go" in sizes[0]
    assert ("LICENSE" in sizes[0], "vendor/modules.txt" in sizes[0]) == (True, False)


def _names_in(content: bytes, path: str, version: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = {name.removeprefix(f"{path}@{version}/"): archive.read(name) for name in archive.namelist()}
    return {name: b"" if name == "go.mod" else data for name, data in names.items()}


async def test_a_host_without_tls(corp: Company) -> None:
    corp.git.commit("lib", {"go.mod": f"module {M}\n"}, "v1.0.0")
    corp.egress.plain[HOST] = corp.git.plain_port
    del corp.egress.ports[HOST]
    assert type(await corp.error(LIST)) is Unavailable
    corp.insecure = HOST
    corp.git.answers["/lib"] = pages.go_import(M, f"http://{HOST}/lib.git")
    del corp.source
    error = await corp.error(LIST)
    assert isinstance(error, NotFound), error.reason
    assert not corp.git.plain_logins, "no login goes over plain http"
    corp.git.open_to_all = True
    assert await corp.get(LIST) == b"v1.0.0\n"
