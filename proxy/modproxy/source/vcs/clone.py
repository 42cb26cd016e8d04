"""What is done to a clone of a git repository beside what the go command does. Each function runs git."""

import re
from collections.abc import Mapping
from pathlib import Path

from modproxy.source.vcs.process import Ended, run_program

_TIMEOUT = 60.0
"""Seconds. Nothing here talks to a host."""
_HASH = re.compile("[0-9a-f]{40}([0-9a-f]{24})?")
_TAG = re.compile(r"refs/tags/[A-Za-z0-9][A-Za-z0-9._+/-]*")


class CloneError(Exception):
    """git could not do it; the message is what git said."""


async def git(clone: Path, env: Mapping[str, str], *arguments: str) -> Ended:
    """Run git in a clone. Raises `CloneError`, `TimeoutError` and `OSError`."""
    ended = await run_program(
        ("git", *arguments), env={**env, "GIT_DIR": str(clone)}, cwd=clone, timeout=_TIMEOUT
    )  # fmt: skip
    if ended.code:
        raise CloneError(ended.said)
    return ended


async def put_refs_aside(clone: Path, env: Mapping[str, str]) -> None:
    """Leave no branch and no tag, so that the go command asks the host for them, and keep all objects.

    The go command believes a tag that it finds in a clone ("tags are assumed not to change meaning"), also when the tag
    has moved or gone since. Raises `CloneError`, `TimeoutError` and `OSError`.
    """
    listed = await git(clone, env, "for-each-ref", "--format=%(refname) %(objectname)")
    commands: list[str] = []
    kept: set[str] = set()
    for line in listed.out.decode(errors="surrogateescape").splitlines():
        name, _, commit = line.rpartition(" ")
        if not name.startswith("refs/kept/"):
            if commit not in kept:
                kept.add(commit)
                commands.append(f"update refs/kept/{commit}\0{commit}\0\0")
            commands.append(f"delete {name}\0{commit}\0")
    if commands:
        script = clone / "put-aside"
        script.write_bytes("".join(commands).encode(errors="surrogateescape"))
        try:
            await _update_refs(clone, env, script)
        finally:
            script.unlink()


async def _update_refs(clone: Path, env: Mapping[str, str], script: Path) -> None:
    # git reads the commands from its standard input; the file's name is an argument of the shell, and no part of its
    # program.
    ended = await run_program(
        ("sh", "-c", 'exec git update-ref -z --stdin <"$0"', str(script)),
        env={**env, "GIT_DIR": str(clone)}, cwd=clone, timeout=_TIMEOUT,
    )  # fmt: skip
    if ended.code:
        raise CloneError(ended.said)


def take_files_as_they_are(clone: Path) -> None:
    """Let git's archives have every file as it was committed, whatever the repository's own attributes say.

    Otherwise the zip of a commit would depend on the clone (`ensureGitAttributes` of codehost in cmd/go).
    Blocks; raises `OSError`.
    """
    (clone / "info").mkdir(exist_ok=True)
    with (clone / "info" / "attributes").open("a") as file:
        file.write("\n* -export-subst -export-ignore\n")


async def has_commit(clone: Path, env: Mapping[str, str], commit: str) -> bool:
    """Say whether a clone has a commit with its whole tree. Raises `TimeoutError` and `OSError`."""
    if not _HASH.fullmatch(commit):
        return False
    try:
        await git(clone, env, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{commit}^{{tree}}")
    except CloneError:
        return False
    return True


async def set_tag(clone: Path, env: Mapping[str, str], tag: str, commit: str) -> None:
    """Make a tag (`refs/tags/NAME`) of a clone name a commit. Raises `CloneError`, `TimeoutError` and `OSError`."""
    if _TAG.fullmatch(tag) and _HASH.fullmatch(commit):
        await git(clone, env, "update-ref", tag, commit)
