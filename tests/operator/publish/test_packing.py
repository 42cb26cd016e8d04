"""The zips that we make have the hashes that golang.org/x/mod makes, and we refuse the trees that it refuses."""

import hashlib
import io
import subprocess
from pathlib import Path

import pytest

from goproxy_operator.publish.commit import find_commit, tree_of_commit
from goproxy_operator.publish.tree import Tree, read_file, tree_of_folder
from modproxy.mod.archive import check_carefully
from modproxy.mod.go_mod import parse_go_mod
from modproxy.mod.path import check_path
from modproxy.mod.version import check_version
from modproxy.mod.zip_making import choose, write_zip
from modproxy.source.vcs.go_env import go_env
from tests.modproxy.go_client import GoClient
from tests.operator.publish.conftest import Xmod
from tests.operator.publish.trees import CASES, NEW, OLD, VENDORED, Case

PROJECT = Path(__file__).parents[2] / "modproxy/live/go_project"


def packed(tree: Tree, path: str, version: str) -> tuple[str, bytes]:
    """Return the hash of the zip, and its bytes; in the place of the hash, why the tree is refused."""
    go_mod = read_file(tree, "go.mod", 32 << 20)
    chosen = choose(tree.members, parse_go_mod(go_mod.decode()).go if go_mod else "")
    if chosen.faults:
        return f"refused: {chosen.faults[0].reason}", b""
    file = io.BytesIO()
    write_zip(file, f"{path}@{version}", [(member.path, tree.opens[member.path]) for member in chosen.files])
    checked = check_path(path)
    return check_carefully(file, checked, check_version(checked, version)), file.getvalue()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_tree_is_packed_as_by_x_mod(case: Case, tmp_path: Path, xmod: Xmod) -> None:
    case.write(tmp_path)
    theirs = xmod("dir", tmp_path, case.path, case.version)
    ours, _ = packed(tree_of_folder(tmp_path), case.path, case.version)
    assert theirs.startswith("refused:") is case.refused, theirs
    assert ours.startswith("refused:") if case.refused else ours == theirs.strip()


def test_one_tree_makes_the_same_bytes_whatever_its_times_and_modes(tmp_path: Path) -> None:
    case = Case("x", {"go.mod": OLD, "run.sh": b"#!/bin/sh\n", "a/b": b"x" * 100_000})
    digests = set()
    for name, mode in (("one", 0o644), ("two", 0o755)):
        case.write(tmp_path / name)
        (tmp_path / name / "run.sh").chmod(mode)
        digests.add(hashlib.sha256(packed(tree_of_folder(tmp_path / name), case.path, case.version)[1]).hexdigest())
    assert len(digests) == 1


def git(folder: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("subdir", ["", "sub/dir"])
def test_a_commit_is_packed_as_by_x_mod(subdir: str, tmp_path: Path, xmod: Xmod) -> None:
    repository = tmp_path / "repository"
    inside = repository / subdir
    files = {
        "go.mod": NEW,
        **VENDORED,
        "m.go": b"crlf\r\n",
        "left/out.go": b"x",
        "nested/go.mod": OLD,
        "nested/n.go": b"n",
    }
    Case("x", files).write(inside)
    (inside / ".gitattributes").write_text("left export-ignore\n*.go text\n")
    (repository / "LICENSE").write_text("of the root\n")
    git(repository, "init", "-q")
    git(repository, "add", "-f", ".")
    git(repository, "commit", "-qm", "one")
    (inside / "ignored.go").write_text("no commit has it\n")
    at = find_commit(inside)
    assert at is not None
    assert at.subdir == subdir
    (unpacked := tmp_path / "unpacked").mkdir()
    ours, _ = packed(tree_of_commit(at, unpacked), "example.com/m", "v1.0.0")
    assert ours == xmod("git", repository, subdir, "example.com/m", "v1.0.0").strip()


async def test_the_trees_of_real_modules_have_the_hashes_of_their_go_sum(tmp_path: Path) -> None:
    """What the go command has unpacked is packed again."""
    client = GoClient(tmp_path, await go_env("GOPROXY"))
    for name in ("go.mod", "go.sum", "main.go"):
        if (PROJECT / name).exists():
            (client.project / name).write_bytes((PROJECT / name).read_bytes())
    await client.succeed("mod", "download")
    listed = await client.succeed("list", "-m", "-f", "{{.Path}} {{.Version}} {{.Dir}}", "all")
    sums = dict(line.rsplit(" ", 1) for line in (client.project / "go.sum").read_text().splitlines())
    compared = {}
    for path, version, *folder in (line.split(" ", 2) for line in listed.splitlines()):
        if version.startswith("v") and folder and folder[0]:
            compared[f"{path} {version}"] = packed(tree_of_folder(Path(folder[0])), path, version)[0]
    assert len(compared) >= 7
    assert compared == {name: sums[name] for name in compared}
