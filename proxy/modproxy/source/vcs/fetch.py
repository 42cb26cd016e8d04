"""One fetch of one file by the go command, in a workspace, with the clone that was lent for it."""

import asyncio
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modproxy.mod.target import Kind, Target
from modproxy.mod.version import is_pseudo
from modproxy.source.protocol import Denied, NotFound, SourceError, Unavailable
from modproxy.source.vcs.broker import Broker
from modproxy.source.vcs.clone import CloneError, git, has_commit, put_refs_aside, set_tag, take_files_as_they_are
from modproxy.source.vcs.clone_folders import are_all_of_git, clone_of
from modproxy.source.vcs.failure import Cause, Meaning, explain_failure
from modproxy.source.vcs.go_command import (
    Origin,
    arguments,
    error_in,
    is_commit,
    is_too_new,
    origin_of,
    parse_answer,
    pinged_url,
    small_answer,
)
from modproxy.source.vcs.mirrors import Loan
from modproxy.source.vcs.module_zip import PREFIX, ZipError, write_module_zip
from modproxy.source.vcs.process import Ended, run_program
from modproxy.source.vcs.workspace import NOWHERE, Workspace

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """Carries what a fetch has read: the answer, in memory or as a file of the workspace, and a go.mod beside it."""

    answer: Path | bytes
    go_mod: bytes | None = None
    commit: str = ""


class Fetch:
    """Runs the go command for a target. `pin` is the commit that the files of the version have to be made of."""

    def __init__(self, target: Target, pin: Origin | None, place: Workspace, loan: Loan, broker: Broker) -> None:
        self._target = target
        self._pin = pin
        self._place = place
        self._loan = loan
        self._broker = broker
        self.meaning = Meaning.OUTAGE
        """What the failure means, once there is one."""
        self.cause: Cause | None = None
        """Why the go command failed, if it did."""
        self._may_answer_alone = is_pseudo(target.version) or is_commit(target.version)
        """Whether the go command may find the commit in the clone without asking the host."""
        self.in_good_order = False
        """Whether the go command has ended by itself, so that its clones can be used again."""

    async def run(self, timeout: float) -> Read:
        """Fetch. Raises `SourceError`, `TimeoutError`, `TooLarge`, `TooMuchOutput` and `OSError`."""
        async with asyncio.timeout(timeout):
            await self._prepare_clone()
            ended = await self._go(timeout)
            answer = parse_answer(ended.out)
            said = error_in(answer) or ended.said
            too_new = self._target.kind is Kind.ZIP and is_too_new(said)
            if (ended.code or error_in(answer)) and not too_new:
                raise await self._failure(said)
            self._check_pin(answer)
            await self._check_access(answer)
            return Read(await self._own_zip(answer)) if too_new else await asyncio.to_thread(self._read, answer)

    async def _prepare_clone(self) -> None:
        clone, pin, env = self._loan.folder, self._pin, self._place.env
        if clone is None:
            return
        try:
            await put_refs_aside(clone, env)
            if pin is not None and pin.ref.startswith("refs/tags/") and await has_commit(clone, env, pin.commit):
                # The tag may have moved since `.info` was fetched. The go command believes the clone's own tag.
                await set_tag(clone, env, pin.ref, pin.commit)
                self._may_answer_alone = True
        except (CloneError, TimeoutError, OSError) as e:
            log.warning("version control: a clone is of no use and is made anew: %s", e)
            await asyncio.to_thread(shutil.rmtree, clone, ignore_errors=True)

    async def _go(self, timeout: float) -> Ended:
        async def watch() -> None:
            await asyncio.to_thread(self._loan.mirrors.check_size, self._place.root)

        try:
            ended = await run_program(
                ("go", *arguments(self._target)), env=self._place.env, cwd=NOWHERE, timeout=timeout, watch=watch
            )
        except FileNotFoundError:
            raise Unavailable(f"{self._target}: no go command here to ask version control with", 503) from None
        self.in_good_order = True
        return ended

    async def _failure(self, said: str) -> SourceError:
        """Make the error for what the go command said."""
        if url := pinged_url(self._target, said):
            said = await self._try_repository(url) or said
        if host := self._broker.forbidden:
            self.meaning = Meaning.FORBIDDEN
            return Denied(
                f"{self._target}: its go-import page leads to {host}, which has no public address, and the fleet "
                "fetches nothing directly from there: name the module in upstream.goprivate, or set "
                "upstream.allowPrivateTargets"
            )
        if self._broker.error is not None:
            # git and go say only that there was no login.
            log.warning("version control: %s: %s", self._target, self._broker.error, extra=self._log_fields())
            return Unavailable(f"{self._target}: {self._broker.error}")
        said = said.replace(str(self._place.root), "/workspace")
        from_git = await asyncio.to_thread(are_all_of_git, self._place.repositories)
        cause, error = explain_failure(self._target, said, self._broker.has_login, from_git=from_git)
        self.meaning, self.cause = cause.meaning, cause
        if not isinstance(error, NotFound):
            log.warning(
                "version control: %s: %s: %s",
                self._target,
                cause.meaning,
                cause.words.replace("\n", " | "),
                extra=self._log_fields(),
            )
        return error

    def _log_fields(self) -> dict[str, str]:
        return {"target": str(self._target), "host": self._target.path.partition("/")[0]}

    async def _try_repository(self, url: str) -> str | None:
        """Say why a repository cannot be read, in the form of the go command; None when it can."""
        command = ("git", "ls-remote", "-q", "--end-of-options", url)
        ended = await run_program(command, env=self._place.env, cwd=NOWHERE, timeout=60)
        return _as_go_says(command, ended) if ended.code else None

    async def _check_access(self, answer: dict[str, Any]) -> None:
        """Make sure that the host still shows the repository, where the clone may have answered alone.

        The go command looks for a commit or a tag in its clone first, and then it does not mind when the host refuses
        it. Raises `SourceError`.
        """
        clone, origin = self._loan.folder, origin_of(answer)
        if clone is None or origin is None or not self._may_answer_alone:
            return
        if await asyncio.to_thread(clone_of, self._place.repositories, origin.url) != clone:
            return  # the module has moved to another repository, which was read anew
        command = ("git", "ls-remote", "-q", "--end-of-options", "origin", "HEAD")
        env = {**self._place.env, "GIT_DIR": str(clone)}
        ended = await run_program(command, env=env, cwd=clone, timeout=60)
        if ended.code:
            raise await self._failure(_as_go_says(command, ended))

    def _check_pin(self, answer: dict[str, Any]) -> None:
        origin = origin_of(answer)
        if self._pin is not None and origin is not None and origin.commit != self._pin.commit:
            log.error(
                "version control: %s: the tag has moved from %s to %s", self._target, self._pin.commit, origin.commit
            )
            raise Unavailable(
                f"{self._target}: version control now has commit {origin.commit[:12]} for this version, and its .info, "
                f"which the fleet has given out, is of commit {self._pin.commit[:12]}: the tag has moved, and files of "
                "two commits are never mixed. Publish a new version"
            )

    def _read(self, answer: dict[str, Any]) -> Read:
        match self._target.kind:
            case Kind.ZIP:
                return Read(Path(answer["Zip"]))
            case Kind.MOD:
                return Read(Path(answer["GoMod"]))
            case _:
                origin, go_mod = origin_of(answer), answer.get("GoMod")
                beside = Path(go_mod).read_bytes() if isinstance(go_mod, str) and Path(go_mod).exists() else None
                return Read(small_answer(self._target, answer), beside, origin.commit if origin else "")

    async def _own_zip(self, answer: dict[str, Any]) -> Path:
        """Make the zip without the go command, which makes none for a module that needs a newer Go."""
        target, env, origin = self._target, self._place.env, origin_of(answer)
        clone = await asyncio.to_thread(clone_of, self._place.repositories, origin.url) if origin else None
        if origin is None or clone is None:
            raise Unavailable(f"{target}: it needs a newer Go than this replica has, and is not in git")
        archive, made = self._place.root / "archive.zip", self._place.root / "module.zip"
        try:
            go_mod = await asyncio.to_thread(Path(answer["GoMod"]).read_bytes)
            subdir = await _folder_of(clone, env, target, origin, go_mod)
            await asyncio.to_thread(take_files_as_they_are, clone)
            await git(
                clone, env, "-c", "core.autocrlf=input", "-c", "core.eol=lf", "archive", "--format=zip",
                f"--prefix={PREFIX}", f"--output={archive}", "--end-of-options", origin.commit,
                *filter(None, (subdir,)),
            )  # fmt: skip
            root_license = await _file_of(clone, env, origin.commit, "LICENSE") if subdir else None
            name = f"{target.path}@{target.version}"
            await asyncio.to_thread(write_module_zip, archive, subdir, name, root_license, made)
        except CloneError as e:
            log.warning("version control: %s: git makes no archive: %s", target, e)
            raise Unavailable(f"{target}: git makes no archive of this version") from None
        except ZipError as e:
            self.meaning = Meaning.ABSENT
            raise NotFound(f"{target}: no zip can be made of this version: {e}") from None
        return made


async def _folder_of(clone: Path, env: Mapping[str, str], target: Target, origin: Origin, go_mod: bytes) -> str:
    """Return the module's folder: its own, or `vN` below that (`codeRepo.findDir` of cmd/go/internal/modfetch)."""
    major = target.path.rpartition("/")[2]
    below = f"{origin.subdir}/{major}".lstrip("/")
    for folder in (origin.subdir, below):
        if await _file_of(clone, env, origin.commit, f"{folder}/go.mod".lstrip("/")) == go_mod:
            return folder
    return origin.subdir


async def _file_of(clone: Path, env: Mapping[str, str], commit: str, path: str) -> bytes | None:
    try:
        return (await git(clone, env, "cat-file", "--end-of-options", "blob", f"{commit}:{path}")).out
    except CloneError:
        return None


def _as_go_says(command: tuple[str, ...], ended: Ended) -> str:
    below = ended.said.strip().replace("\n", "\n\t")
    return f"{' '.join(command)}: exit status {ended.code}:\n\t{below}"
