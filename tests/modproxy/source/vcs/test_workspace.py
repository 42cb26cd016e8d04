"""The workspace of one run of the go command: its files, its environment, and its removal."""

import stat
from pathlib import Path

import pytest

from modproxy.mod.pattern import parse_pattern
from modproxy.source.vcs.workspace import workspace
from modproxy.source.way_out.credentials import Basic, Ssh

CREDENTIALS: list[Basic | Ssh] = [
    Basic(parse_pattern("git.example.com"), "wide", "w"),
    Basic(parse_pattern("git.example.com/deep"), "deep", "d"),
    Ssh(parse_pattern("ssh.example.com"), "KEY", "ssh.example.com ssh-ed25519 AAAA"),
]


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


async def test_files_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-x")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    async with workspace(tmp_path, "corp.example.com", CREDENTIALS, {"HTTPS_PROXY": "http://p:1"}) as place:
        root = place.folder.parent
        netrc = (root / ".netrc").read_text()
        assert netrc.index("login deep") < netrc.index("login wide")
        assert "insteadOf = https://ssh.example.com/" in (root / ".gitconfig").read_text()
        key = root / "key2"
        assert key.read_text() == "KEY\n"
        for file in (key, root / ".netrc", root / "ssh_config"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert place.env["GOPROXY"] == "direct"
        assert place.env["GOSUMDB"] == "off"
        assert place.env["GOPRIVATE"] == "corp.example.com"
        assert place.env["HTTPS_PROXY"] == "http://p:1"
        assert place.env["GOFLAGS"] == "-modcacherw"
        assert "GIT_DIR" not in place.env
        assert not set(place.env.values()) & {"wide", "w", "deep", "d"}
    assert is_empty(tmp_path)


async def test_it_is_removed_whatever_happens(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        async with workspace(tmp_path, "", [], {}):
            raise KeyError
    assert is_empty(tmp_path)
