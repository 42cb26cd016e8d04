"""Real shells, a real netrc file and a real go.mod."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from goproxy_operator.go_env.machine import (
    SHELLS,
    exported_of,
    login_shells,
    missing_programs,
    read_netrc,
    required_modules,
)
from tests.kubernetes.prerequisites import require

PROFILES = {
    "bash": (".bash_profile", "echo hello; export GOPROXY='a b,direct' UNRELATED=x\n"),
    "zsh": (".zprofile", "echo hello; export GOPROXY='a b,direct'\n"),
    "fish": (".config/fish/config.fish", "echo hello; set -gx GOPROXY 'a b,direct'\n"),
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    require({"zsh": "zsh", "fish": "fish"}, "the test of login shells")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GOSUMDB", "off")
    for name in ("GOPROXY", "NETRC", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


async def test_what_login_shells_export(home: Path) -> None:
    for name, text in PROFILES.values():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    found = await login_shells()
    assert set(found) == set(SHELLS)
    assert {exported["GOPROXY"] for exported in found.values()} == {"a b,direct"}
    assert all("GOSUMDB" not in exported for exported in found.values())


async def test_a_profile_that_hangs_is_left_out(home: Path) -> None:
    (home / ".bash_profile").write_text("sleep 600 & sleep 600\n")
    assert "bash" not in await login_shells(("bash",))


def test_lines_before_the_variables() -> None:
    assert exported_of(b"welcome\nGOPROXY=x\0OTHER=1\0GOFLAGS=a\nb\0") == {"GOPROXY": "x", "GOFLAGS": "a\nb"}
    assert exported_of(b"") == {}


def test_the_netrc_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_netrc().text is None
    (home / ".netrc").write_text("machine x login y password z\n")
    (home / ".netrc").chmod(0o640)
    assert read_netrc().mode == 0o640
    monkeypatch.setenv("NETRC", str(home))
    assert read_netrc().unreadable == os.strerror(21)


def test_modules_of_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/a\nrequire example.com/b v1.0.0\n")
    (tmp_path / "below").mkdir()
    assert required_modules(tmp_path / "below") == ["example.com/b"]
    (tmp_path / "go.mod").write_text("nonsense (\n")
    assert required_modules(tmp_path) == []


def test_programs_of_goauth() -> None:
    assert missing_programs("netrc; 'nope nope' x") == ["nope nope"]
    assert missing_programs("netrc; off") == []
    assert missing_programs("git /tmp") == ([] if shutil.which("git") else ["git"])
