"""Each fault is made for real: the verdict says it, what to do is told, and no other alarm is raised."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator

import pytest

from goproxy_operator.__main__ import main
from tests.operator.doctor.machine import MODULE, Handler, Machine, alarms, answering, looks, serving


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


@pytest.fixture
def full_backlog() -> Iterator[int]:
    """A port that takes no more connections, as behind a firewall that drops packets: its backlog is full."""
    with contextlib.ExitStack() as open_ones:
        listening = open_ones.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        for _ in range(4):
            waiting = open_ones.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        yield address[1]


async def test_a_connection_that_takes_too_long(full_backlog: int, machine: Machine) -> None:
    machine.use(f"http://127.0.0.1:{full_backlog}")
    status, told = await machine.doctor(MODULE)
    assert (status, alarms(told)) == (1, ["connect-timeout"])
    assert "no connection within 1 s" in told["verdict"]
    assert told["hops"][0]["connectSeconds"] is None


async def test_a_network_that_is_not_reached(machine: Machine) -> None:
    machine.use("http://224.0.0.1")  # TCP has no way to an address of many
    status, told = await machine.doctor(MODULE)
    assert (status, alarms(told)) == (1, ["unreachable"])
    assert "224.0.0.1 is not reachable: Network is unreachable" in told["verdict"]


async def test_a_first_byte_that_is_slow(machine: Machine) -> None:
    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        await answering("200 OK", "module example.com/m\n")(reader, writer)

    async with serving(waits) as port:
        machine.use(f"http://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE, "--slow", "0.1s")
        assert (status, looks(told)) == (0, ["slow"])
        assert told["hops"][0]["firstByteSeconds"] >= 0.2
        assert looks((await machine.doctor(MODULE))[1]) == []


async def test_who_is_asked_to_wait_is_told_how_long(machine: Machine) -> None:
    async with serving(answering("429 Too Many Requests", headers="Retry-After: 7\r\n")) as port:
        machine.use(f"http://127.0.0.1:{port}")
        assert (await machine.doctor(MODULE))[1]["first"].startswith("wait 7 s")


async def test_an_answer_that_is_cut(machine: Machine) -> None:
    async def cuts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nServer: modproxy\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()

    async with serving(cuts) as port:
        machine.use(f"http://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE)
    assert (status, alarms(told)) == (1, ["broken-answer"])
    assert "the connection ends after 4 of 100 bytes" in told["verdict"]


async def test_the_view_of_replicas_is_for_keepers(machine: Machine) -> None:
    async with serving(answering("200 OK", "module example.com/m\n")) as port:
        machine.use(f"http://127.0.0.1:{port}")
        assert "not asked: their view needs the admin port" in await machine.text(MODULE)
        assert "--of NAME" in (await machine.doctor(MODULE))[1]["replicasUnasked"]


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


@pytest.mark.parametrize(
    "arguments", [["https://x.example.com"], ["a.example.com@v1?x"], ["a b"], ["m", "--timeout", "0"], ["--of", "A B"]]
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *arguments])
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err
