"""Runs a tutorial as a reader does: its files are written, and its commands are typed into one real shell, in order.

- A YAML block after a sentence that ends in `NAME`: is the file NAME.
- A block of sh is typed; a block of text right after it is what the reader sees. There `...` stands for anything.
- `<!-- test: another terminal -->`: the commands go on while others run, until what the reader sees is there.
- `<!-- test: again -->`: they are typed again until what the reader sees is there, because a change takes a moment.
- `<!-- test: fails -->`: they end with another status than 0. Both words may stand together.
- `<!-- test: refused -->`: the object of the block is wrong on purpose.
- `<!-- test: by hand, WHY -->`: they are not run here.
- `<!-- test: cluster -->`: they need a cluster; so does every block after it. `replicas` needs some that really run.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tests.docs.pages import ROOT, Block, blocks

_PATIENCE = 90.0
"""After so many seconds something has failed. It is far more than any step on one machine needs."""
_CHECKOUT = ("Makefile", "pyproject.toml", "requirements", ".venv", "operator", "proxy", "examples", "charts", "docs")
"""What the reader's clone has, as far as tutorials need it."""


@dataclass(frozen=True)
class Step:
    """Something that the reader does, and what the page says that is seen then."""

    block: Block
    seen: str | None = None


def steps(page: Path, *, cluster: bool, replicas: bool = True) -> list[Step]:
    """Return the steps for one machine, or those for a cluster: all, or those without real replicas."""
    found: list[Step] = []
    within = False
    for block in blocks(page):
        within = within or block.told.startswith("cluster")
        if within != cluster:
            continue
        if "replicas" in block.told and not replicas:
            found.append(Step(replace(block, told="by hand")))
            continue
        if block.language == "text" and found and found[-1].seen is None and found[-1].block.language == "sh":
            found[-1] = replace(found[-1], seen=block.text)
        else:
            found.append(Step(block))
    return found


def looks_like(seen: str, said: str) -> bool:
    """Say whether what was printed has what the page shows in it: line for line, with anything for each `...`."""
    lines = [" ".join(line.split()) for line in seen.strip().splitlines()]
    pattern = r"\n".join(".*?".join(re.escape(part) for part in line.split("...")) for line in lines)
    pattern = re.sub(r"(?:\\n|^)\.\*\?(?=\\n|$)", r"[\\s\\S]*?", pattern)
    return re.search(pattern, "\n".join(" ".join(line.split()) for line in said.splitlines())) is not None


class Reader:
    """Follows a tutorial in `folder`. `replaced` are texts of the page that are others here, such as an address."""

    def __init__(
        self, folder: Path, replaced: Mapping[str, str], environment: Mapping[str, str], patience: float = _PATIENCE
    ) -> None:
        self._patience = patience
        self._folder = folder
        self._replaced = replaced
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "SSL_CERT_FILE") if name in os.environ}
        kept["PATH"] += f":{Path(sys.executable).parent}"  # go, where the machine has none
        self._environment = {**kept, "HOME": str(folder / "home"), "COLUMNS": "160", **environment}
        self._others: list[asyncio.subprocess.Process] = []
        self._drains: list[asyncio.Task[bytes]] = []
        self._shell: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Reader:
        installed = await asyncio.create_subprocess_exec("make", "--question", ".venv/run.stamp", cwd=ROOT)
        # Otherwise `make run` would install the program from the reader's folder, which is gone after the test.
        assert await installed.wait() == 0, "the program is not installed as pyproject.toml says: run `make venv`"
        (self._folder / "home").mkdir(parents=True)
        for name in _CHECKOUT:
            (self._folder / name).symlink_to(ROOT / name)
        self._shell = await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in [*self._others, self._shell]:
            if process is not None and process.returncode is None:
                os.killpg(process.pid, signal.SIGTERM)
                await asyncio.wait_for(process.wait(), self._patience)
        await asyncio.gather(*self._drains)

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *("bash", "--norc"), cwd=self._folder, env=self._environment, start_new_session=True, limit=2**20,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    async def follow(self, found: list[Step]) -> None:
        """Take every step. Raises `AssertionError` with what was printed where the page says otherwise."""
        for step in found:
            block = step.block
            if block.told.startswith("by hand"):
                continue
            if block.language == "yaml" and block.file:
                self._write(block)
            elif block.language == "sh":
                await self._type(step)
            else:
                assert block.language in ("text", "yaml"), f"{block}: nobody reads {block.language}"

    def keep(self, found: Iterable[Block]) -> None:
        """Write the files of these blocks, each as the last of them has it."""
        for block in found:
            if block.language == "yaml" and block.file:
                self._write(block)

    def _write(self, block: Block) -> None:
        draft = self._folder / f"{block.file}.draft"
        draft.write_text(self._here(block.text))
        draft.replace(self._folder / block.file)

    def _here(self, text: str) -> str:
        for written, other in self._replaced.items():
            text = text.replace(written, other)
        return text

    async def _type(self, step: Step) -> None:
        block, seen = step.block, self._here(step.seen or "")
        if "another terminal" in block.told:
            await self._in_another_terminal(block, seen)
            return
        end = asyncio.get_running_loop().time() + self._patience
        while True:
            status, said = await self._run(block)
            if (status != 0) == ("fails" in block.told) and (not seen or looks_like(seen, said)):
                return
            late = asyncio.get_running_loop().time() > end
            assert "again" in block.told and not late, f"{block}: status {status}; printed:\n{said}\nnot:\n{seen}"
            await asyncio.sleep(0.2)

    async def _run(self, block: Block) -> tuple[int, str]:
        assert self._shell is not None
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        typed = f"failed=0; trap 'failed=$?' ERR\n{self._here(block.text)}\necho; echo \"==$failed==\"\n"
        self._shell.stdin.write(typed.encode())
        said = ""
        async with asyncio.timeout(self._patience):
            while (end := re.search(r"^==(\d+)==$", said, re.MULTILINE)) is None:
                line = await self._shell.stdout.readline()
                assert line, f"{block}: the shell has ended:\n{said}"
                said += line.decode()
        return int(end[1]), said[: end.start()]

    async def _in_another_terminal(self, block: Block, seen: str) -> None:
        process = await self._start()
        self._others.append(process)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(self._here(block.text).encode())
        process.stdin.close()
        said = ""
        try:
            async with asyncio.timeout(self._patience):
                while not looks_like(seen, said):
                    line = await process.stdout.readline()
                    assert line, f"{block}: it has ended:\n{said}"
                    said += line.decode()
        except TimeoutError:
            raise AssertionError(f"{block}: this is printed:\n{said}\nnot\n{seen}") from None
        self._drains.append(asyncio.create_task(process.stdout.read()))
