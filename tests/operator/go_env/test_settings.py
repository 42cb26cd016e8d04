"""What we say of each setting is what the real go command says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from goproxy_operator.go_env.machine import read_go_env
from goproxy_operator.go_env.settings import NAMES, Origin, default_env_file, env_file_of, parse_env_file

GO = shutil.which("go") or "go"


def environment(home: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(home), "PATH": os.environ["PATH"], **more}


def go_says(env: dict[str, str]) -> dict[str, str]:
    said = subprocess.run([GO, "env", "-json", *NAMES], env=env, capture_output=True, check=True, cwd=env["HOME"])
    found: dict[str, str] = json.loads(said.stdout)
    return found


WRITTEN = "GOPROXY=https://written.example.com,direct\n# no comment\ngoflags=x\nGOPRIVATE=a.example.com\nno line\n"
CASES: dict[str, tuple[str, dict[str, str], dict[str, Origin]]] = {
    "nothing is set": ("", {}, {"GOPROXY": Origin.GOROOT, "GOAUTH": Origin.DEFAULT, "GONOPROXY": Origin.DEFAULT}),
    "written": (WRITTEN, {}, {"GOPROXY": Origin.ENV_FILE, "GONOSUMDB": Origin.PRIVATE, "GOFLAGS": Origin.DEFAULT}),
    "written twice": (WRITTEN + "GOPROXY=off\n", {}, {"GOPROXY": Origin.ENV_FILE}),
    "no line break at the end": ("GOSUMDB=off", {}, {"GOSUMDB": Origin.ENV_FILE}),
    "a CR belongs to the value": ("GOVCS=*:off\r\n", {}, {"GOVCS": Origin.ENV_FILE}),
    "written empty hides go.env": ("GOSUMDB=\n", {}, {"GOSUMDB": Origin.DEFAULT}),
    "exported": (WRITTEN, {"GOPROXY": "https://exported.example.com"}, {"GOPROXY": Origin.ENVIRONMENT}),
    "exported empty counts as none": (WRITTEN, {"GOPROXY": ""}, {"GOPROXY": Origin.ENV_FILE}),
    "lists of their own": (
        WRITTEN,
        {"GONOPROXY": "none"},
        {"GONOPROXY": Origin.ENVIRONMENT, "GONOSUMDB": Origin.PRIVATE},
    ),
    "GOENV=off": (WRITTEN, {"GOENV": "off"}, {"GOPROXY": Origin.GOROOT, "GOPRIVATE": Origin.DEFAULT}),
    "a relative XDG folder": (WRITTEN, {"XDG_CONFIG_HOME": "here"}, {"GOPROXY": Origin.GOROOT}),
    "an XDG folder": (WRITTEN, {"XDG_CONFIG_HOME": "/dev/null/none"}, {"GOPROXY": Origin.GOROOT}),
}


@pytest.mark.parametrize("case", CASES)
def test_as_the_go_command_says(case: str, tmp_path: Path) -> None:
    text, exported, origins = CASES[case]
    file = tmp_path / ".config/go/env"
    file.parent.mkdir(parents=True)
    file.write_bytes(text.encode())
    env = environment(tmp_path, **exported)
    ours = read_go_env(env)
    assert {name: one.value for name, one in ours.settings.items()} == go_says(env)
    assert {name: ours.settings[name].origin for name in origins} == origins


def test_another_file_by_goenv(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("GOFLAGS=-mod=mod\n")
    env = environment(tmp_path, GOENV=str(tmp_path / "other"))
    ours = read_go_env(env)
    assert ours.value("GOFLAGS") == go_says(env)["GOFLAGS"] == "-mod=mod"
    assert ours.env_file == str(tmp_path / "other")


def test_another_goroot_file(tmp_path: Path) -> None:
    """A GOROOT of the user's own file is where go.env is read."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "go.env").write_text("# ours\nGOPROXY=https://root.example.com\n")
    ours = read_go_env(environment(tmp_path, GOROOT=str(root)))
    assert ours.settings["GOPROXY"].value == "https://root.example.com"
    assert ours.settings["GOPROXY"].origin is Origin.GOROOT


def test_hidden_by_an_exported_variable(tmp_path: Path) -> None:
    env = environment(tmp_path)
    subprocess.run([GO, "env", "-w", "GOPROXY=https://written.example.com"], env=env, check=True)
    env["GOPROXY"] = "https://exported.example.com"
    one = read_go_env(env).settings["GOPROXY"]
    assert (one.value, one.hidden) == ("https://exported.example.com", "https://written.example.com")
    env["GOPROXY"] = "https://written.example.com"
    assert read_go_env(env).settings["GOPROXY"].hidden is None


@pytest.mark.parametrize(
    ("platform", "environ", "file"),
    [
        ("linux", {"HOME": "/home/jane"}, "/home/jane/.config/go/env"),
        ("linux", {"HOME": "/home/jane", "XDG_CONFIG_HOME": "/x"}, "/x/go/env"),
        ("linux", {"HOME": "/home/jane", "XDG_CONFIG_HOME": "x"}, ""),
        ("linux", {}, ""),
        ("darwin", {"HOME": "/Users/jane"}, "/Users/jane/Library/Application Support/go/env"),
        ("win32", {"APPDATA": "C:\\jane"}, "C:\\jane\\go\\env"),
        ("linux", {"HOME": "/home/jane", "GOENV": "/etc/goenv"}, "/etc/goenv"),
        ("linux", {"HOME": "/home/jane", "GOENV": "off"}, ""),
    ],
)
def test_where_the_file_is(platform: str, environ: dict[str, str], file: str) -> None:
    assert env_file_of(environ, platform) == file
    if "GOENV" in environ:
        assert default_env_file(environ, platform) == "/home/jane/.config/go/env"


def test_lines_that_mean_nothing() -> None:
    assert parse_env_file("=x\n\nA=1=2\na=3\n_B=4\n") == {"A": "1=2"}
