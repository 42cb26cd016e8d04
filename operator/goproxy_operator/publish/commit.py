"""The files of the commit of a git repository on which the work stands. Blocks.

It is asked of `git archive`, as the go command does, so that what git ignores, and what `export-ignore` leaves out of
archives, is not published.
"""

import io
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from goproxy_operator.client.failure import ClientError
from goproxy_operator.publish.tree import Tree, open_file

_SECONDS = 300.0
_MOST_TEXT = 64 << 10
_MOST_SHOWN = 5
_PLAIN = ("-c", "core.autocrlf=input", "-c", "core.eol=lf", "-c", "core.quotePath=false")
"""The settings of the go command, so that an archive does not depend on the machine."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Says which commit of which repository is published."""

    repository: Path
    subdir: str
    """The module's folder in the repository, with `/` between its parts; empty for the root."""
    commit: str


def find_commit(folder: Path) -> Commit | None:
    """Return the commit on which the work in a folder stands; None where the folder is in no repository of git."""
    try:
        inside = _git(folder, "rev-parse", "--show-toplevel", "--show-prefix")
    except (ClientError, FileNotFoundError):
        return None
    top, _, prefix = inside.partition("\n")
    if not top:  # a bare repository, or the folder `.git` itself
        return None
    try:
        commit = _git(folder, "rev-parse", "--verify", "--end-of-options", "HEAD^{commit}").strip()
    except ClientError:
        raise ClientError(f"{top} has no commit yet: commit the files, or publish them as they are with --worktree"
                          ) from None  # fmt: skip
    return Commit(Path(top), prefix.strip("\n").rstrip("/"), commit)


def check_clean(at: Commit) -> None:
    """Raise `ClientError` where files of the module are not as the commit has them."""
    status = _git(at.repository, "status", "--porcelain", "--untracked-files=normal", "--", at.subdir or ".")
    changed = [line[3:] for line in status.splitlines()]
    if not changed:
        return
    more = f" and {len(changed) - _MOST_SHOWN} more" if len(changed) > _MOST_SHOWN else ""
    shown = ", ".join(changed[:_MOST_SHOWN]) + more
    raise ClientError(
        f"{len(changed)} files are not as commit {at.commit[:12]} has them: {shown}\n"
        "commit them, or publish what is on the disk with --worktree"
    )


def check_tag(at: Commit, version: str) -> None:
    """Raise `ClientError` where the tag of the version is another commit, which go would take from the repository."""
    tag = f"{at.subdir}/{version}" if at.subdir else version
    try:
        tagged = _git(at.repository, "rev-parse", "--verify", "--end-of-options", f"refs/tags/{tag}^{{commit}}").strip()
    except ClientError:
        return
    if tagged != at.commit:
        raise ClientError(
            f"tag {tag} is commit {tagged[:12]}, and the work stands on {at.commit[:12]}: check the tag out first, or "
            "publish another version"
        )


def tree_of_commit(at: Commit, folder: Path) -> Tree:
    """Return the files of the commit, which are unpacked into an empty `folder`. Raises `ClientError`.

    As in the go command, a module in a folder below the root takes the LICENSE of the root where it has none.
    """
    tree = Tree()
    with tempfile.TemporaryFile() as packed:
        arguments = ["archive", "--format=tar", at.commit, *([f"{at.subdir}/"] if at.subdir else [])]
        _git_to(at.repository, packed, *arguments)
        packed.seek(0)
        below = f"{at.subdir}/" if at.subdir else ""
        try:
            _unpack(packed, below, folder, tree)
        except (tarfile.TarError, OSError) as e:
            raise ClientError(f"git's archive cannot be unpacked: {e}") from None
    if at.subdir and "LICENSE" not in tree.opens:
        with tempfile.TemporaryFile() as license_file:
            try:
                _git_to(at.repository, license_file, "cat-file", "blob", f"{at.commit}:LICENSE")
            except ClientError:
                return tree
            license_file.seek(0)
            content = license_file.read()
            tree.add("LICENSE", len(content), partial(io.BytesIO, content))
    return tree


def _unpack(packed: BinaryIO, below: str, folder: Path, tree: Tree) -> None:
    with tarfile.open(fileobj=packed, mode="r:") as archive:
        for number, entry in enumerate(archive):
            if entry.isdir() or not entry.name.startswith(below):
                continue
            path = entry.name.removeprefix(below)
            content = archive.extractfile(entry) if entry.isreg() else None
            if content is None:
                tree.add(path, 0, None)
                continue
            place = folder / str(number)
            place.write_bytes(content.read())
            tree.add(path, entry.size, partial(open_file, str(place)))


def _git(folder: Path, *arguments: str) -> str:
    """Return what git prints. Raises `ClientError`, and `FileNotFoundError` where there is no git."""
    with tempfile.TemporaryFile() as out:
        _git_to(folder, out, *arguments)
        out.seek(0)
        return out.read(_MOST_TEXT).decode(errors="surrogateescape")


def _git_to(folder: Path, out: BinaryIO, *arguments: str) -> None:
    command = ["git", *_PLAIN, *arguments]
    try:
        ended = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE,
                               timeout=_SECONDS, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ClientError(f"git {arguments[0]} did not end within {_SECONDS:.0f} s") from None
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise ClientError(f"git {arguments[0]} failed: {said[0][:500]}")
