"""The workspace of one fetch: its files, its whole environment, and its removal."""

import stat
import subprocess
from pathlib import Path

import pytest

from modproxy.source.vcs.workspace import NOWHERE, Workspace, WorkspaceSettings, fill_workspace, workspace_folder

SETTINGS = WorkspaceSettings("corp.example.com", "lab.example.com", 30.0, {"HTTPS_PROXY": "http://p:1"})


def test_the_environment_is_made_of_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = {
        "GOFLAGS": "-x", "GIT_DIR": "/elsewhere", "GIT_SSH_COMMAND": "id", "GIT_ASKPASS": "id", "SSH_AUTH_SOCK": "/s",
        "GIT_CONFIG_PARAMETERS": "'core.pager=id'", "GIT_EXEC_PATH": "/elsewhere", "LD_PRELOAD": "/elsewhere",
        "GOVCS": "*:all", "GIT_PROXY_COMMAND": "id", "XDG_CONFIG_HOME": "/elsewhere", "LANG": "de_DE.UTF-8",
    }  # fmt: skip
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)
    env = fill_workspace(tmp_path, SETTINGS, Path("/s"), git_asks=False).env
    assert not [name for name, value in foreign.items() if env.get(name) == value]
    assert (env["GOPROXY"], env["GOSUMDB"], env["GOENV"], env["GOTOOLCHAIN"]) == ("direct", "off", "off", "local")
    assert (env["GOPRIVATE"], env["GOINSECURE"]) == ("corp.example.com", "lab.example.com")
    assert (env["HTTPS_PROXY"], env["LC_ALL"]) == ("http://p:1", "C")


def run(place: Workspace, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, env=dict(place.env), cwd=NOWHERE, capture_output=True, text=True, check=False)


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


def test_git_obeys_nothing_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / ".config" / "git").mkdir(parents=True)
    for file in (".gitconfig", ".config/git/config"):
        (home / file).write_text('[credential]\n\thelper = store\n[url "ssh://x/"]\n\tinsteadOf = https://\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    place = fill_workspace(tmp_path / "work", SETTINGS, Path("/s"), git_asks=True)
    said = run(place, "git", "config", "--list").stdout
    assert "insteadof" not in said
    assert [line for line in said.splitlines() if line.startswith("credential.helper")] == [
        "credential.helper=!modproxy-credential"
    ]
    assert "http.lowspeedtime=30" in said


def test_names_of_folders_are_quoted(tmp_path: Path) -> None:
    root = tmp_path / "a 'b' $(id) \"c\""
    place = fill_workspace(root, SETTINGS, Path("/so'ck et"), git_asks=True)
    assert run(place, "git", "version").stdout.startswith("git version ")
    assert "helper.py" in run(place, "modproxy-ssh").stderr, "the helper runs, and lacks its arguments"
    for program in (root / "bin").iterdir():
        assert stat.S_IMODE(program.stat().st_mode) == 0o700


async def test_it_is_removed_whatever_happens(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        async with workspace_folder(tmp_path):
            raise KeyError
    assert is_empty(tmp_path)
