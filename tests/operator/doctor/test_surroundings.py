"""What go asks beside the module: credentials by real GOAUTH commands, a toolchain, version control."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from goproxy_operator.go_env.goauth_run import given_for
from tests.kubernetes.certificates import Authority
from tests.modproxy.fake_upstream import FakeUpstream, status
from tests.operator.doctor.machine import MODULE, Machine, alarms, answering, looks, serving

TOKEN = "tok-of-a-test"
GIVES = """\
import sys
head = sys.stdin.read()
url = sys.argv[1] if len(sys.argv) > 1 else ""
if {when}:
    print("https://127.0.0.1:{port}\\n\\nAuthorization: Bearer {token}\\n")
"""
HELPERS: dict[str, tuple[str, list[str], str]] = {
    "at once": (GIVES.replace("{when}", "not url"), ["Bearer token", ""], ""),
    "with the URL": (GIVES.replace("{when}", "url and '401' in head"), ["Bearer token", ""], ""),
    "nothing": ("", ["", ""], "login-wanted"),
    "exit status 3": ("raise SystemExit(3)", ["", "ends with exit status 3"], "goauth-fails"),
    "no empty line": (
        "print('https://x.example.com')",
        ["", "its answer has no empty line after the URLs"],
        "goauth-fails",
    ),
    "CR LF": (
        "print('https://x.example.com\\r\\n\\r\\nA: b\\r\\n\\r')",
        ["", "its answer has no empty line after the URLs (its lines end with CR LF)"],
        "goauth-fails",
    ),
    "no URL": ("print('x\\n\\nA: b\\n')", ["", "a line of its answer is no URL"], "goauth-fails"),
    "a flood": ("print('x' * 10 ** 6)", ["", "its answer has more than 262144 bytes"], "goauth-fails"),
}  # fmt: skip


async def wants_login(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if f"Authorization: Bearer {TOKEN}".encode() in head:
        writer.write(b"HTTP/1.1 200 OK\r\nServer: modproxy\r\n\r\nmodule example.com/m\n")
    else:
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nServer: modproxy\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


@pytest.fixture
async def fleet(machine: Machine) -> AsyncIterator[int]:
    """A fleet with TLS that wants the token."""
    authority = Authority(machine.folder, "authority")
    pair = authority.issue("server", "server", hosts=["127.0.0.1"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    machine.arguments += ["--ca-file", str(authority.file)]
    async with serving(wants_login, context) as port:
        machine.use(f"https://127.0.0.1:{port}")
        yield port


def script(folder: Path, text: str) -> str:
    file = folder / "helper"
    file.write_text(f"#!{sys.executable}\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


@pytest.mark.parametrize("case", HELPERS)
async def test_commands_of_goauth(case: str, fleet: int, machine: Machine) -> None:
    text, (gives, problem), code = HELPERS[case]
    helper = script(machine.folder, text.replace("{port}", str(fleet)).replace("{token}", TOKEN))
    machine.monkeypatch.setenv("GOAUTH", f"netrc; '{helper}'")
    result, told = await machine.doctor(MODULE)
    assert told["credentials"] == [
        {"way": "netrc", "gives": "", "problem": ""},
        {"way": "helper", "gives": gives, "problem": problem},
    ]
    assert TOKEN not in json.dumps(told)
    assert (result, code in alarms(told) or not code) == (1 if code else 0, True), told["findings"]
    if not code:
        assert looks(told) == []
        assert told["hops"][0]["withCredential"]
        result, told = await machine.doctor(MODULE, "--no-goauth")
        assert (result, told["credentials"], "login-wanted" in alarms(told)) == (1, [], True)


async def test_a_command_that_hangs_and_one_that_is_not_there(tmp_path: Path) -> None:
    hangs = script(tmp_path, "import time; time.sleep(600)")
    found = await given_for(f"{hangs}; /nowhere/at-all", "https://goproxy.example.com", None, seconds=0.5)
    assert [(one.way, one.problem) for one in found] == [
        ("helper", "does not end within 0.5 s"),
        ("at-all", "cannot be run: No such file or directory"),
    ]


async def test_git_s_credentials(fleet: int, machine: Machine) -> None:
    git = shutil.which("git")
    assert git, "the tests need git"
    folder = machine.folder / "repository"
    helper = "!f() { test $1 = get && echo username=jane && echo password=wrong; }; f"
    for words in (["init", "-q", str(folder)], ["-C", str(folder), "config", "credential.helper", helper]):
        done = await asyncio.create_subprocess_exec(git, *words)
        assert await done.wait() == 0
    machine.monkeypatch.setenv("GOAUTH", f"git {folder}")
    result, told = await machine.doctor(MODULE)
    assert told["credentials"] == [{"way": "git", "gives": "Basic for jane", "problem": ""}]
    assert (result, alarms(told)) == (1, ["bad-credential"])
    text = await machine.text(MODULE)
    assert "WHAT GOAUTH GIVES FOR THE FLEET" in text
    assert "wrong\n" not in text


async def test_a_token_goes_over_plain_http_to_this_machine_only(machine: Machine) -> None:
    file = machine.folder / "token"
    file.write_text(TOKEN)
    machine.use("http://goproxy.invalid")
    result, told = await machine.doctor(MODULE, "--token-file", str(file))
    assert (result, alarms(told)) == (1, ["token-over-http", "dns"])
    assert not told["hops"][0]["withCredential"]
    async with serving(wants_login) as port:
        machine.use(f"http://127.0.0.1:{port}")
        result, told = await machine.doctor(MODULE, "--token-file", str(file))
    assert (result, looks(told)) == (0, [])


async def test_a_toolchain_that_the_fleet_does_not_serve(machine: Machine) -> None:
    (machine.folder / "home" / "go.mod").write_text("module example.com/own\ngo 1.99\n")
    async with FakeUpstream() as fleet:
        fleet.add("example.com/m", "v1.0.0")
        machine.use(fleet.url, GOTOOLCHAIN="auto")
        result, told = await machine.doctor(MODULE)
        assert (result, alarms(told)) == (1, ["toolchain"])
        assert "go has to fetch the toolchain golang.org/toolchain@v0.0.1-go1.99.0." in told["verdict"]
        assert "or install go1.99.0" in told["first"]
        [asked] = [one for one in fleet.requests if one.startswith("golang.org/toolchain/")]
        fleet.behaviours[asked] = status(200, "module golang.org/toolchain\n")
        assert (await machine.doctor(MODULE))[0] == 0
        result, told = await machine.doctor(MODULE)
        machine.use(fleet.url, GOTOOLCHAIN="local")
        result, told = await machine.doctor(MODULE)
        assert (result, alarms(told)) == (1, ["toolchain-local"])


async def test_a_module_that_passes_by_the_fleet(machine: Machine) -> None:
    async with serving(answering("200 OK", "module git.corp.invalid/m\n")) as port:
        machine.use(f"http://127.0.0.1:{port}", GOPRIVATE="git.corp.invalid", GONOSUMDB="git.corp.invalid")
        result, told = await machine.doctor("git.corp.invalid/m")
    assert (result, alarms(told)) == (1, ["not-by-fleet", "dns"])
    assert (
        "GOPRIVATE matches git.corp.invalid/m: go asks its version control, and not the fleet, which has it"
        in told["verdict"]
    )
    assert told["first"].startswith("export GONOPROXY=none")


async def test_a_module_that_passes_by_a_fleet_without_it(machine: Machine) -> None:
    async with serving(answering("404 Not Found", "not found: git.corp.invalid/m\n")) as port:
        machine.use(f"http://127.0.0.1:{port}", GOPRIVATE="git.corp.invalid", GONOSUMDB="git.corp.invalid")
        result, told = await machine.doctor("git.corp.invalid/m")
    assert (result, "dns" in alarms(told)) == (1, True)
    assert "not-by-fleet" in looks(told)
