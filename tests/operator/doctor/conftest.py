"""A developer's machine on which nothing is set."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.operator.doctor.machine import NOT_SET, Machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    for name in NOT_SET:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    # The checksum database is part of the way too, where a case does not leave it out.
    monkeypatch.setenv("GONOSUMDB", "example.com/m")
    return Machine(tmp_path, monkeypatch, capsys, ["--timeout", "1"])
