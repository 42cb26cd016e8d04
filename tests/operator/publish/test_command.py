"""The real command `publish`: what it shows, what it refuses, and what it does not send."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.operator.login.provider import run
from tests.operator.publish.test_packing import git
from tests.operator.publish.trees import OLD, Case

FILES = {"go.mod": OLD, "m.go": b"package m\n", "sub/go.mod": OLD, ".git2": b"x"}


@pytest.fixture
def module(tmp_path: Path) -> Path:
    Case("x", FILES).write(tmp_path / "m")
    return tmp_path / "m"


async def publish(folder: Path, *arguments: str) -> tuple[int, str, str]:
    return await run(folder.parent, "publish", str(folder), *arguments)


async def test_a_dry_run_shows_what_goes_in_and_what_is_left_out(module: Path) -> None:
    code, out, err = await publish(module, "--version", "v1.2.3", "--dry-run")
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[:2] == ["1 .git2", "30 go.mod"]
    assert "left out sub/: it is another module, since it has a go.mod" in lines
    assert lines[-1].startswith("example.com/m@v1.2.3: 3 files of 41 bytes")


async def test_the_zip_can_be_kept_and_told_as_json(module: Path, tmp_path: Path) -> None:
    code, out, _ = await publish(module, "--version", "v1.2.3", "-o", str(tmp_path / "m.zip"), "--json")
    told = json.loads(out)
    assert (code, told["module"], told["version"], told["outcome"]) == (0, "example.com/m", "v1.2.3", "packed")
    with zipfile.ZipFile(tmp_path / "m.zip") as archive:
        assert archive.namelist() == [f"example.com/m@v1.2.3/{name}" for name in (".git2", "go.mod", "m.go")]


async def test_a_commit_is_published_and_not_what_lies_beside_it(module: Path) -> None:
    git(module, "init", "-q")
    (module / ".gitignore").write_text("secret.txt\n")
    git(module, "add", ".")
    git(module, "commit", "-qm", "one")
    git(module, "tag", "v1.0.0")
    (module / "secret.txt").write_text("not for others\n")
    code, out, _ = await publish(module, "--version", "v1.0.0", "--dry-run")
    commit = (module / ".git/refs/heads" / (module / ".git/HEAD").read_text().strip().rpartition("/")[2]).read_text()
    assert (code, "secret.txt" in out, f"of commit {commit[:12]}" in out) == (0, False, True)
    (module / "m.go").write_text("package changed\n")
    code, _, err = await publish(module, "--version", "v1.0.0", "--dry-run")
    assert (code, "1 files are not as commit" in err, "m.go" in err, "--worktree" in err) == (1, True, True, True)
    code, out, _ = await publish(module, "--version", "v1.0.0", "--dry-run", "--worktree")
    assert (code, "secret.txt" in out) == (0, True)
    git(module, "commit", "-qam", "two")
    code, _, err = await publish(module, "--version", "v1.0.0", "--dry-run")
    assert (code, "tag v1.0.0 is commit" in err) == (1, True)


@pytest.mark.parametrize(
    ("files", "arguments", "code", "words"),
    [
        ({}, ("--dry-run",), 2, "has no go.mod: name the folder that has one, or the module's path with --module"),
        ({"go.mod": OLD}, (), 2, "nothing says where to publish: write --to URL, or --dry-run, or --output FILE"),
        ({"go.mod": OLD}, ("--to", "goproxy.example.com"), 2, "is no URL of one fleet: write https://HOST"),
        ({"go.mod": OLD}, ("--to", "http://127.0.0.1:1"), 1, "http://127.0.0.1:1 gives no answer: Connection refused"),
        ({"go.mod": OLD}, ("--module", "example.com/n", "--dry-run"), 2, "go.mod says: the module is called"),
        ({"go.mod": b"module m\n"}, ("--dry-run",), 1, "no fleet can serve this module: malformed module path 'm'"),
        ({"go.mod": b"x y\n"}, ("--dry-run",), 1, "no line of it is a module directive"),
        ({"go.mod": OLD, "a:b": b""}, ("--dry-run",), 1, "a:b: invalid character ':'"),
        ({"go.mod": OLD}, ("--version", "1.0.0", "--dry-run"), 2, "not a canonical version such as v1.2.3"),
        ({"go.mod": OLD}, ("--version", "v2.0.0", "--dry-run"), 2, "the path needs the suffix /v2"),
        ({"go.mod": OLD}, ("--dry-run", "--token-file", "x", "-o", "/dev/null/m.zip"), 1, "--output /dev/null/m.zip"),
        ({"go.mod": OLD}, ("--to", "http://127.0.0.1:1", "--token-file", "/dev/null/token"), 2, "--token-file /dev/null/token: Not"),
    ],
)  # fmt: skip
async def test_what_cannot_be_published_is_told_in_a_sentence(
    files: dict[str, bytes], arguments: tuple[str, ...], code: int, words: str, tmp_path: Path
) -> None:
    (tmp_path / "m").mkdir()
    Case("x", files).write(tmp_path / "m")
    ended, _, err = await publish(tmp_path / "m", "--version", "v1.0.0", *arguments)
    assert (ended, words in err) == (code, True), err
