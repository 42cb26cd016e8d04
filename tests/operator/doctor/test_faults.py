"""Each fault is made for real: the verdict says it, what to do is told, and no other alarm is raised."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.__main__ import main
from modproxy.mod.archive import go_mod_hash
from tests.kubernetes.certificates import Authority
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream

MODULE = "example.com/m@v1.0.0"
NOT_SET = (
    *("GOFLAGS", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOAUTH", "GOENV", "NETRC", "XDG_CONFIG_HOME", "KUBECONFIG"),
    *("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"),
)
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Machine:
    """The machine of a developer: his settings, and what runs on it."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    arguments: list[str] = field(default_factory=list)

    async def doctor(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run `doctor`, and return its exit status and its document."""
        self.capsys.readouterr()
        status = await asyncio.to_thread(main, ["doctor", *arguments, *self.arguments, "-o", "json"])
        out, err = self.capsys.readouterr()
        assert out, err
        return status, json.loads(out)

    def use(self, goproxy: str, **more: str) -> None:
        """Set the variables of the go command."""
        self.monkeypatch.setenv("GOPROXY", goproxy)
        for name, value in more.items():
            self.monkeypatch.setenv(name, value)


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


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve one connection after the other on 127.0.0.1, and give the port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def answering(status: str, body: str = "", *, server: str = "modproxy", headers: str = "") -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status}\r\nServer: {server}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        writer.write(f"{head}{body}".encode())
        await writer.drain()

    return handle


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def stops(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nServer: modproxy\r\nContent-Length: 100\r\n\r\nhalf")
    await reader.read()


async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    await writer.drain()


def looks(told: dict[str, Any]) -> list[str]:
    """Return all that is more than a note: the settings of a test are in no profile of a shell."""
    return [one["code"] for one in told["findings"] if one["weight"] != "note"]


def alarms(told: dict[str, Any]) -> list[str]:
    return [one["code"] for one in told["findings"] if one["weight"] == "wrong"]


ANSWERS: dict[str, tuple[Handler, str, str]] = {
    "401": (answering("401 Unauthorized"), "login-wanted", "wants a credential"),
    "403": (answering("403 Forbidden", "no right\n"), "forbidden", "no right"),
    "404": (answering("404 Not Found", "not found: no such version\n"), "not-found", "no such version"),
    "410": (answering("410 Gone"), "not-found", "neither the fleet nor what it asks has it"),
    "421": (answering("421 Misdirected Request"), "wrong-host", "does not serve the host"),
    "429": (answering("429 Too Many Requests", headers="Retry-After: 7\r\n"), "too-many", "too many requests"),
    "500": (answering("500 Internal Server Error"), "server-error", "answers 500"),
    "502": (answering("502 Bad Gateway"), "upstream", "cannot get it now"),
    "503": (answering("503 Service Unavailable"), "upstream", "cannot get it now"),
    "503 of an ingress": (answering("503 Service Unavailable", server="nginx"), "in-front", "stands before the fleet"),
    "508": (answering("508 Loop Detected"), "loop", "among its own upstreams"),
    "a login page": (answering("302 Found", headers="Location: https://id.corp?state=abc\r\n"), "redirect", "id.corp"),
    "hangs before the head": (silent, "no-answer", "no answer begins within 1 s"),
    "hangs after the head": (stops, "stopped-answer", "stops for 1 s"),
    "no HTTP": (breaks, "broken-answer", "speaks no HTTP"),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS)
async def test_answers(case: str, machine: Machine) -> None:
    handler, code, words = ANSWERS[case]
    async with serving(handler) as port:
        machine.use(f"http://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE)
    # Go sends no credential over plain http, and so that is one thing with a 401.
    assert set(alarms(told)) - {"login-over-http"} == {code}
    assert words in told["verdict"]
    assert told["first"], "what to do is told"
    assert "state=abc" not in json.dumps(told)
    assert (status, told["well"]) == (1, False)


async def test_all_is_well(machine: Machine) -> None:
    async with serving(answering("200 OK", "module example.com/m\n")) as port:
        machine.use(f"http://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE)
        assert (status, told["verdict"], looks(told)) == (0, "All is well", [])
        hop = told["hops"][0]
        assert (hop["status"], hop["fault"], hop["address"]) == (200, None, "127.0.0.1")
        assert all(hop[name] >= 0 for name in ("dnsSeconds", "connectSeconds", "firstByteSeconds", "totalSeconds"))


async def test_a_port_that_refuses(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    machine.use(f"http://127.0.0.1:{port}")
    status, told = await machine.doctor(MODULE)
    assert (status, alarms(told)) == (1, ["refused"])
    assert "connection refused" in told["verdict"]


@pytest.mark.parametrize(
    ("host", "remedy"),
    [("goproxy.invalid", "check the spelling"), ("team-a.build.svc", "resolves in the cluster only")],
)
async def test_a_name_that_does_not_resolve(host: str, remedy: str, machine: Machine) -> None:
    machine.use(f"https://{host}")
    status, told = await machine.doctor(MODULE)
    assert (status, alarms(told)) == (1, ["dns"])
    assert f"the name {host} is not found" in told["verdict"]
    assert remedy in told["first"]


async def test_an_http_proxy_that_refuses(machine: Machine) -> None:
    async with serving(answering("403 Forbidden")) as port:
        machine.monkeypatch.setenv("HTTPS_PROXY", f"http://jane:pass@127.0.0.1:{port}")
        machine.use("https://goproxy.example.com")
        status, told = await machine.doctor(MODULE)
    assert (status, alarms(told)) == (1, ["http-proxy"])
    assert "it answers 403" in told["verdict"]
    assert "pass" not in json.dumps(told)


def server_tls(folder: Path, *, hosts: list[str]) -> tuple[ssl.SSLContext, Authority]:
    authority = Authority(folder, "authority")
    pair = authority.issue("server", "server", hosts=hosts)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    return context, authority


async def test_a_certificate_of_an_unknown_authority(machine: Machine) -> None:
    context, authority = server_tls(machine.folder, hosts=["127.0.0.1"])
    async with serving(answering("200 OK", "module example.com/m\n"), context) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE)
        assert (status, alarms(told)) == (1, ["certificate-authority"])
        assert "not trusted here: its issuer is CN=authority" in told["verdict"]
        status, told = await machine.doctor(MODULE, "--ca-file", str(authority.file))
        assert (status, looks(told)) == (0, [])
        hop = told["hops"][0]
        assert hop["tlsVersion"] == "TLSv1.3"
        assert hop["certificate"]["names"] == ["127.0.0.1"]


async def test_a_certificate_of_another_name(machine: Machine) -> None:
    context, authority = server_tls(machine.folder, hosts=["goproxy.example.com"])
    async with serving(answering("200 OK"), context) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE, "--ca-file", str(authority.file))
    assert (status, alarms(told)) == (1, ["certificate-name"])
    assert "it is for goproxy.example.com" in told["verdict"]


async def test_a_certificate_that_has_expired(machine: Machine) -> None:
    authority = Authority(machine.folder, "authority")
    pair = authority.issue("server", "server", hosts=["127.0.0.1"], age=datetime.timedelta(days=3))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    async with serving(answering("200 OK"), context) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE, "--ca-file", str(authority.file))
    assert (status, alarms(told)) == (1, ["certificate-expired"])
    assert "it ends 20" in told["verdict"]


async def test_no_tls_at_all(machine: Machine) -> None:
    async with serving(answering("200 OK")) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE)
    assert (status, alarms(told)) == (1, ["tls"])


GO_MOD = b"module example.com/m\n"
OTHERS = go_mod_hash(b"module example.com/other\n")
OURS = go_mod_hash(GO_MOD)
SUMS: dict[str, tuple[str, str, str]] = {
    "the fleet differs": (OTHERS, OTHERS, "the fleet differs from the other two"),
    "go.sum differs": (OTHERS, OURS, "go.sum of this folder differs from the other two"),
    "the database differs": (OURS, OTHERS, "the checksum database differs from the other two"),
}


@pytest.mark.parametrize("case", SUMS)
async def test_checksums_that_differ(case: str, machine: Machine) -> None:
    go_sum, recorded, words = SUMS[case]
    home = machine.folder / "home"
    (home / "go.mod").write_text("module example.com/own\nrequire example.com/m v1.0.0\n")
    (home / "go.sum").write_text(f"example.com/m v1.0.0/go.mod {go_sum}\n")
    database = FakeSumdb()
    database.record("example.com/m", "v1.0.0", "h1:" + "A" * 43 + "=", recorded)
    async with FakeUpstream() as fleet:
        fleet.files["example.com/m/@v/v1.0.0.mod"] = GO_MOD
        database.publish(fleet.files)
        machine.use(fleet.url, GOSUMDB=database.verifier_key, GONOSUMDB="")
        status, told = await machine.doctor(MODULE)
        assert (status, alarms(told)) == (1, ["checksum"])
        assert words in told["verdict"]
        (home / "go.sum").write_text(f"example.com/m v1.0.0/go.mod {OURS}\n")
        database.records.clear()
        database.record("example.com/m", "v1.0.0", "h1:" + "A" * 43 + "=", OURS)
        database.publish(fleet.files)
        assert (await machine.doctor(MODULE))[0] == 0


async def test_a_module_that_the_database_does_not_know(machine: Machine) -> None:
    database = FakeSumdb()
    database.pad(1)
    async with FakeUpstream() as fleet:
        fleet.files["example.com/m/@v/v1.0.0.mod"] = GO_MOD
        database.publish(fleet.files)
        machine.use(fleet.url, GOSUMDB=database.verifier_key, GONOSUMDB="")
        status, told = await machine.doctor(MODULE)
    assert (status, alarms(told)) == (1, ["not-in-database"])


async def test_a_hidden_go_env_w(machine: Machine) -> None:
    async with serving(answering("200 OK", "module example.com/m\n")) as port:
        url = f"http://127.0.0.1:{port}"
        file = machine.folder / "goenv"
        file.write_text("GOPROXY=https://written.example.com\n")
        machine.use(url, GOENV=str(file))
        status, told = await machine.doctor(MODULE)
    assert (status, looks(told)) == (0, ["hidden"])
    assert told["verdict"] == "All is well; worth a look: 1"


@pytest.mark.parametrize("goproxy", ["off", "direct"])
async def test_no_fleet_is_set(goproxy: str, machine: Machine) -> None:
    machine.use(goproxy)
    status, told = await machine.doctor()
    assert (status, alarms(told)) == (1, ["no-fleet"])
    assert told["hops"] == []


async def test_for_people(machine: Machine) -> None:
    async with serving(answering("503 Service Unavailable", "\x1b[31mno\n")) as port:
        machine.use(f"http://127.0.0.1:{port}")
        assert await asyncio.to_thread(main, ["doctor", MODULE, "--verbose", "--timeout", "1"]) == 1
    out = machine.capsys.readouterr().out
    assert out.startswith("WRONG: fleet answers 503 for example.com/m@v1.0.0: the fleet cannot get it now")
    assert "\nFirst: see which server fails" in out
    assert "THE WAY OF example.com/m@v1.0.0" in out
    assert "SETTINGS OF THE GO COMMAND" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("arguments", [["https://x.example.com"], ["a b"], ["m", "--timeout", "0"], ["--of", "A B"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *arguments])
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err
