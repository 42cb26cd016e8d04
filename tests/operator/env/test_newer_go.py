"""In the folder of a go.mod that wants a newer Go than is there, no go command may download that one."""

from __future__ import annotations

from pathlib import Path

import pytest

from goproxy_operator.env.writing import write
from goproxy_operator.go_env.machine import read_go_env
from goproxy_operator.go_env.settings import Origin
from goproxy_operator.why.goproxy_setting import first_proxy

DEAD = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "go.mod").write_text("module example.com/m\n\ngo 1.999.0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GOPROXY", DEAD)
    for name in ("GOENV", "GOSUMDB", "GOTOOLCHAIN", "GOROOT", "XDG_CONFIG_HOME", "GOFLAGS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_settings_are_read() -> None:
    assert read_go_env().settings["GOSUMDB"].origin is Origin.GOROOT
    assert first_proxy().url == DEAD


def test_settings_are_written(project: Path) -> None:
    assert write({"GONOSUMDB": "corp.example.com"}) == []
    assert (project / "home" / ".config" / "go" / "env").read_text() == "GONOSUMDB=corp.example.com\n"
