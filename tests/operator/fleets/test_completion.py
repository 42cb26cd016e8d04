"""What shells and kubectl are told may come next, by the installed programs."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from goproxy_operator.__main__ import main
from tests.kubernetes.prerequisites import require
from tests.operator.reach.api_stand_in import ApiStandIn

BIN = Path(sys.executable).parent


@pytest.fixture
async def api() -> AsyncIterator[ApiStandIn]:
    async with ApiStandIn() as server:
        server.add("team-a")
        server.add("team-b")
        yield server


async def kubectl_asks(kubeconfig: Path, *words: str) -> list[str]:
    """What `kubectl goproxy WORDS<TAB>` is answered; the last line is kubectl's directive."""
    process = await asyncio.create_subprocess_exec(
        BIN / "kubectl_complete-goproxy",
        *words,
        env=os.environ | {"KUBECONFIG": str(kubeconfig)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    return out.decode().split()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("sta",), ["status", ":4"]),
        (("status", ""), ["team-a", "team-b", ":4"]),
        (("status", "team-b"), ["team-b", ":4"]),
        (("why", "example.com/m", "--of", ""), ["team-a", "team-b", ":4"]),
        (("status", "--wat"), ["--watch", ":4"]),
        (("status", "-o", "j"), ["json", ":4"]),
        (("status", "--kubeconfig", "/nowhere", ""), [":0"]),
    ],
)
async def test_kubectl_completes_words_and_names(
    words: tuple[str, ...], answer: list[str], api: ApiStandIn, tmp_path: Path
) -> None:
    assert await kubectl_asks(api.kubeconfig(tmp_path), *words) == answer


async def test_bash_completes_names_by_the_script_that_is_printed(api: ApiStandIn, tmp_path: Path) -> None:
    script = (
        'eval "$(goproxy-operator completion bash)"\n'
        'COMP_LINE="goproxy-operator status t"; COMP_POINT=${#COMP_LINE}; COMP_WORDBREAKS=" "\n'
        "_python_argcomplete goproxy-operator t status\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    environment = os.environ | {"KUBECONFIG": str(api.kubeconfig(tmp_path)), "PATH": f"{BIN}:{os.environ['PATH']}"}
    bash = shutil.which("bash")
    assert bash is not None
    process = await asyncio.create_subprocess_exec(
        bash, "--norc", "-c", script, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out.decode().split() == ["team-a", "team-b"]


ZSH = r"""
zmodload zsh/zpty
zpty typed zsh -f -i
zpty -w typed 'autoload -U compinit; compinit -u -D; eval "$(goproxy-operator completion zsh)"; echo loa""ded'
zpty -r -m typed line '*loaded*'
zpty -w -n typed $'goproxy-operator stat\t'
zpty -r -m typed line '*operator status*'
echo status
zpty -d typed
"""
"""A terminal in a terminal, because zsh completes for nobody else. It waits until the word is whole."""


@pytest.mark.parametrize(
    ("shell", "script", "answer"),
    [
        (
            "fish",
            'goproxy-operator completion fish | source; complete -C "goproxy-operator status team-"',
            ["team-a", "team-b"],
        ),
        ("zsh", ZSH, ["status"]),
    ],
)
async def test_other_shells_complete_words_and_names(
    shell: str, script: str, answer: list[str], api: ApiStandIn, tmp_path: Path
) -> None:
    require({"zsh": "zsh", "fish": "fish"}, "the test of completion")
    environment = os.environ | {
        "KUBECONFIG": str(api.kubeconfig(tmp_path)), "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(tmp_path),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        shell, "-c", script, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
    assert out.decode().split() == answer, err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_each_shell_has_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "kubectl-goproxy" in capsys.readouterr().out
