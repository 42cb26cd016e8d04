"""What `env` prints is run by real shells, with a real go command, against a fleet with TLS and users."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import bcrypt
import pytest
import yaml

from goproxy_operator.__main__ import main
from tests.kubernetes.certificates import Authority
from tests.local.local_fleet import LocalFleet, document
from tests.local.test_tls import secret
from tests.modproxy.fake_upstream import FakeUpstream
from tests.secrecy.registry import REGISTRY, new_secret

SPEC = """\
  expose: {tls: {secretName: edge}}
  access:
    basic: {secretName: users}
    rules: [{groups: [developers], modules: ["*"], verbs: [read, fetch]}]
"""


@dataclass
class Ci:
    """A fleet that wants a login, and a machine of a CI system."""

    url: str
    token: str
    home: Path
    authority: Authority

    def env(self, **more: str) -> dict[str, str]:
        """Return what a CI system gives to a job."""
        return {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "SSL_CERT_FILE": str(self.authority.file),
            "GOPROXY_TOKEN": self.token,
            "GOSUMDB": "off",
            "GOFLAGS": "-modcacherw",
            **more,
        }

    async def run(self, argv: list[str], script: str, **more: str) -> str:
        """Run a script as the CI system does, and return its output."""
        process = await asyncio.create_subprocess_exec(
            *argv,
            script,
            env=self.env(**more),
            cwd=self.home,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        assert process.returncode == 0, out.decode()
        assert self.token not in out.decode()
        return out.decode()


@pytest.fixture
async def ci(upstream: FakeUpstream, tmp_path: Path) -> AsyncIterator[Ci]:
    authority = Authority(tmp_path, "authority")
    pair = authority.issue("edge", "edge", hosts=["127.0.0.1"])
    token = new_secret("ci")
    REGISTRY.add_login("token", token, "password of the CI")
    hashed = bcrypt.hashpw(token.encode(), bcrypt.gensalt(4)).decode()
    keys = f"{{htpasswd: 'token:{hashed}', groups: 'developers: token'}}"
    users = f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: users}}\nstringData: {keys}\n"
    home = tmp_path / "home"
    home.mkdir()
    (home / "go.mod").write_text("module example.com/own\nrequire example.com/m v1.0.0\n")
    async with LocalFleet(tmp_path, document(upstream.url, SPEC) + users + secret(pair)) as fleet:
        await fleet.line("team-a-0: ready")
        yield Ci(await fleet.url(), token, home, authority)


async def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    status = await asyncio.to_thread(main, ["env", *arguments])
    out, err = capsys.readouterr()
    assert status == 0, err
    return out


DOWNLOAD = "go mod download -json example.com/m@v1.0.0 | grep Zip\n"


async def test_github(ci: Ci, capsys: pytest.CaptureFixture[str]) -> None:
    text = await printed(capsys, "--of", ci.url, "--shell", "github", "--token", "GOPROXY_TOKEN", "--fallback", "off")
    (step,) = yaml.safe_load(text)
    file = ci.home / "github-env"
    await ci.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"], step["run"], GITHUB_ENV=str(file))
    later = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert later == {"GOPROXY": f"{ci.url},off"}
    assert "v1.0.0.zip" in await ci.run(["bash", "-e", "-c"], DOWNLOAD, **later)


async def test_gitlab(ci: Ci, capsys: pytest.CaptureFixture[str]) -> None:
    text = await printed(capsys, "--of", ci.url, "--shell", "gitlab", "--token", "GOPROXY_TOKEN", "--fallback", "none")
    job = yaml.safe_load(text)
    variables = {name: value.replace("$$", "$") for name, value in job["variables"].items()}
    script = "\n".join([*job["before_script"], DOWNLOAD])
    assert "v1.0.0.zip" in await ci.run(["bash", "-e", "-c"], script, **variables)


async def test_jenkins(ci: Ci, capsys: pytest.CaptureFixture[str]) -> None:
    text = await printed(capsys, "--of", ci.url, "--shell", "jenkins", "--token", "GOPROXY_TOKEN", "--fallback", "none")
    found = re.search(r"sh '''\n(.*?)\n *'''", text, re.DOTALL)
    assert found is not None
    values = dict(re.findall(r"^    (GO\w+) = '(.*)'$", text, re.MULTILINE))
    script = re.sub(r"\\(.)", r"\1", found[1])
    assert "v1.0.0.zip" in await ci.run(["sh", "-e", "-c"], f"{script}\n{DOWNLOAD}", **values)


async def test_dockerfile(ci: Ci, capsys: pytest.CaptureFixture[str]) -> None:
    text = await printed(capsys, "--of", ci.url, "--shell", "dockerfile", "--token", "X", "--fallback", "none")
    values = dict(re.findall(r'^ARG (\w+)="(.*)"$', text, re.MULTILINE))
    (command,) = re.findall(r"^RUN --mount=type=secret,id=netrc (.*)$", text, re.MULTILINE)
    mounted = ci.home / "mounted"
    (machine,) = re.findall(r"FILE has: (machine .* password) TOKEN$", text, re.MULTILINE)
    mounted.write_text(f"{machine} {ci.token}\n")
    await ci.run(["sh", "-e", "-c"], command.replace("/run/secrets/netrc", str(mounted)) + "\n", **values)
    assert list((ci.home / "go/pkg/mod/cache/download/example.com/m").rglob("*.zip"))


async def test_a_shell_and_a_local_fleet(ci: Ci, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = await printed(capsys, "--local", str(tmp_path / "data"), "--shell", "bash", "--fallback", "none")
    assert lines == f"export GOPROXY={ci.url}\n"


async def test_written_and_hidden(
    ci: Ci, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    arguments = ["env", "--of", ci.url, "--write", "--fallback", "direct"]
    monkeypatch.setenv("GOENV", str(tmp_path / "goenv"))
    monkeypatch.delenv("GOPROXY", raising=False)
    assert await asyncio.to_thread(main, arguments) == 0
    assert (tmp_path / "goenv").read_text() == f"GOPROXY={ci.url},direct\n"
    assert f"+ GOPROXY={ci.url},direct" in capsys.readouterr().err
    assert await asyncio.to_thread(main, arguments) == 0
    assert capsys.readouterr().err == "", "nothing changes any more"
    monkeypatch.setenv("GOPROXY", "https://other.example.com")
    assert await asyncio.to_thread(main, arguments) == 1
    assert "the exported GOPROXY=https://other.example.com hides it: unset GOPROXY" in capsys.readouterr().err
    monkeypatch.setenv("GOENV", "off")
    assert await asyncio.to_thread(main, arguments) == 1
    assert "GOENV=off" in capsys.readouterr().err
    monkeypatch.setenv("GOENV", str(tmp_path))
    assert await asyncio.to_thread(main, arguments) == 1
    assert "is a directory: paste the lines" in capsys.readouterr().err


async def test_the_first_healthy_one(
    ci: Ci, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as free:
        dead, hangs = free.getsockname()[1], f"http://127.0.0.1:{silent.getsockname()[1]}"
        free.close()
        refuses = f"http://127.0.0.1:{dead}"
        fleets = tmp_path / "fleets"
        fleets.write_text(f"train {hangs}\nhome {refuses}\noffice {ci.url}\n")
        arguments = ("--fleets", str(fleets), "--ca-file", str(ci.authority.file), "--shell", "bash")
        assert await printed(capsys, *arguments, "--fallback", "none") == f"export GOPROXY={ci.url}\n"
        monkeypatch.setenv("GOPROXY_FLEET", "office")
        assert await printed(capsys, *arguments, "--fallback", "none") == f"export GOPROXY={ci.url}\n"
        monkeypatch.setenv("GOPROXY_FLEET", "home")
        assert await printed(capsys, *arguments, "--fallback", "direct") == "export GOPROXY=direct\n"
        assert await asyncio.to_thread(main, ["env", *arguments]) == 1
        said = capsys.readouterr().err
        assert "home: Connection refused" in said
        assert "no fleet is healthy" in said
        monkeypatch.delenv("GOPROXY_FLEET")
        assert await asyncio.to_thread(main, ["env", "--of", hangs, "--of", ci.url]) == 1
        said = capsys.readouterr().err
        assert "no answer within 3 s" in said
        assert "certificate is not trusted" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--of", "https://a.example.com", "--token", "X", "--shell", "fish"], "--token names a secret"),
        (["--of", "https://jane:pw@a.example.com"], "--of has a login"),
        (["--of", "https://a.example.com", "team-a"], "give one of them"),
        (["--of", "https://a.example.com", "--write", "--shell", "bash"], "leave --shell away"),
        (["--fleets", "/"], "Is a directory"),
    ],
)
def test_wrong_usage(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "pw@" not in said


async def test_doctor_and_the_login(
    ci: Ci, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With TLS and users: no login, a wrong one, and the right one, from the netrc file as go reads it."""
    monkeypatch.chdir(ci.home)
    monkeypatch.setenv("HOME", str(ci.home))
    monkeypatch.setenv("GOSUMDB", "off")
    monkeypatch.setenv("GOPROXY", ci.url)
    for name in ("GOPRIVATE", "GONOPROXY", "GOAUTH", "NETRC", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GONOSUMDB", "example.com")
    netrc = ci.home / ".netrc"

    async def wrong() -> list[str]:
        capsys.readouterr()
        arguments = ["doctor", "example.com/m@v1.0.0", "--ca-file", str(ci.authority.file), "-o", "json"]
        await asyncio.to_thread(main, arguments)
        out = capsys.readouterr().out
        assert ci.token not in out
        return [one["code"] for one in json.loads(out)["findings"] if one["weight"] == "wrong"]

    assert await wrong() == ["login-wanted", "netrc-lacks-fleet"]
    machine = ci.url.removeprefix("https://")
    netrc.write_text(f"machine {machine} login token password another\n")
    netrc.chmod(0o600)
    assert await wrong() == ["bad-credential"]
    netrc.write_text(f"machine {machine} login token password {ci.token}\n")
    assert await wrong() == []
