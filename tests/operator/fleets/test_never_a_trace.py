"""Every command, against everything that may be wrong: one line that says what to do, and never a stack trace."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from goproxy_operator.__main__ import main
from tests.operator.kube.user_config import executing, plugin
from tests.operator.kube.user_config import kubeconfig as users_config
from tests.operator.reach.api_stand_in import ApiStandIn

_PATIENCE = 90.0
"""After so many seconds something has failed: a command is up in two on an idle machine."""
COMMANDS = [
    ("status",),
    ("status", "team-a"),
    ("status", "team-a", "-o", "json"),
    ("list",),
    ("list", "-A", "-o", "wide"),
    ("events", "team-a"),
    ("top", "team-a"),
    ("why", "example.com/m@v1.0.0", "--of", "team-a"),
    ("env", "team-a"),
    ("doctor", "example.com/m@v1.0.0", "--of", "team-a"),
]
Trouble = Callable[[ApiStandIn, Path], Path]


def absent(_: ApiStandIn, folder: Path) -> Path:
    return folder / "absent"


def broken(_: ApiStandIn, folder: Path) -> Path:
    path = folder / "broken"
    path.write_text("{[: no YAML")
    return path


def of_another_kind(_: ApiStandIn, folder: Path) -> Path:
    path = folder / "list"
    path.write_text("- 1\n- 2\n")
    return path


def nobody_there(_: ApiStandIn, folder: Path) -> Path:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return users_config(folder, {"token": "t"}, {"server": f"http://127.0.0.1:{port}"})


def expired_plugin(_: ApiStandIn, folder: Path) -> Path:
    failing = plugin(folder, "print('the session has expired', file=sys.stderr); sys.exit(1)")
    return users_config(folder, executing(str(failing)))


def answering(status: int, body: bytes) -> Trouble:
    def trouble(api: ApiStandIn, folder: Path) -> Path:
        api.status, api.body = status, body
        return api.kubeconfig(folder)

    return trouble


TROUBLES: dict[str, tuple[Trouble, str]] = {
    "no kubeconfig": (absent, "name a kubeconfig"),
    "broken kubeconfig": (broken, "no usable kubeconfig"),
    "kubeconfig of another kind": (of_another_kind, "no usable kubeconfig"),
    "server down": (nobody_there, "is the cluster up"),
    "expired plugin": (expired_plugin, "the session has expired"),
    "expired token": (answering(401, b'{"kind": "Status", "message": "Unauthorized"}'), "log in again"),
    "forbidden": (answering(403, b'{"kind": "Status", "message": "jane may not"}'), "jane may not"),
    "CRD absent": (answering(404, b"404 page not found"), "install the operator"),
    "an error": (answering(500, b"<html>\x1b[31moops</html>"), "answers 500"),
    "no JSON": (answering(200, b"<html>a login page</html>"), "is no JSON"),
    "no object": (answering(200, b"[1, 2]"), "no object"),
    "deep JSON": (answering(200, b"[" * 100_000), "goproxy-operator: "),
}


@pytest.fixture
async def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ApiStandIn]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    async with ApiStandIn() as server:
        yield server


async def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = await asyncio.to_thread(main, arguments)
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    assert "\x1b" not in err
    return status, out, err


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
async def test_a_trouble_is_one_line(
    trouble: str, command: tuple[str, ...], api: ApiStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, words = TROUBLES[trouble]
    status, out, err = await told(capsys, *command, "--kubeconfig", str(make(api, tmp_path)))
    assert status in (1, 2)
    assert (out, err.count("\n")) == ("", 1)
    assert words in err


@pytest.mark.parametrize("command", [one for one in COMMANDS if "team-a" in one], ids=" ".join)
async def test_a_fleet_that_is_not_there(
    command: tuple[str, ...], api: ApiStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.add("team-b")
    status, _, err = await told(capsys, *command, "--kubeconfig", str(api.kubeconfig(tmp_path)))
    assert (status, err.count("\n")) == (1, 1)
    assert "there is no fleet team-a in the namespace build: there are team-b" in err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
async def test_objects_that_make_no_sense(
    command: tuple[str, ...], api: ApiStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.add(conditions=7, storage=[], replicaStatus={"a": 1}, endpoint={}, ready=[])
    api.fleets[0]["spec"] = "none"
    api.pods[0]["spec"] = 5
    api.pods[1]["status"] = None
    api.events = [{"regarding": 1, "metadata": None}]
    api.reply("/-/report", b"{}")
    status, _, err = await told(capsys, *command, "--kubeconfig", str(api.kubeconfig(tmp_path)))
    assert status in (0, 1)
    assert "a fault of this program" not in err


async def test_without_the_right_to_forward_status_shows_the_object(
    api: ApiStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.add(ready="2/2")
    api.refused = 403
    status, out, _ = await told(capsys, "status", "--kubeconfig", str(api.kubeconfig(tmp_path)))
    assert status == 0
    assert "2/2" in out
    assert "you lack the right create on pods/portforward in the namespace build" in out
    status, _, err = await told(capsys, "top", "--kubeconfig", str(api.kubeconfig(tmp_path)))
    assert (status, "pods/portforward" in err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("status", "--local", "-n", "x"), "give either"),
        (("status", "--as-group", "x"), "needs --as USER"),
        (("status", "--watch", "-o", "json"), "leave -o away"),
        (("why", "example.com/m", "--as-user", "jane", "--url", "http://127.0.0.1:9"), "--of NAME"),
        (("why", "example.com/m", "--url", "http://127.0.0.1:9", "--of", "team-a"), "give either"),
        (("status", "--local", "/nowhere"), "no fleet runs on this machine"),
    ],
)
async def test_wrong_usage_is_one_line(
    arguments: tuple[str, ...], words: str, api: ApiStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = await told(capsys, *arguments)
    assert status in (1, 2)
    assert (words in err, err.count("\n")) == (True, 1)
    assert api.headers == []


async def _started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "goproxy_operator", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ,
    )


async def test_ctrl_c_ends_a_watch(api: ApiStandIn, tmp_path: Path) -> None:
    api.add(ready="2/2")
    process = await _started("status", "--watch", "--kubeconfig", str(api.kubeconfig(tmp_path)))
    assert process.stdout is not None
    assert b"2/2 ready" in await asyncio.wait_for(process.stdout.readline(), _PATIENCE)
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), _PATIENCE)
    assert (process.returncode, err.decode()) == (130, "goproxy-operator: stopped\n")


async def test_a_watch_goes_on_while_the_api_server_is_away(api: ApiStandIn, tmp_path: Path) -> None:
    api.add(ready="2/2")
    process = await _started("status", "--watch", "--kubeconfig", str(api.kubeconfig(tmp_path)))
    assert process.stdout is not None

    async def line() -> str:
        assert process.stdout is not None
        return (await asyncio.wait_for(process.stdout.readline(), _PATIENCE)).decode()

    assert "2/2 ready" in await line()
    api.status, api.body = 503, b"starting"
    assert "trying again" in await line()
    api.body = None
    api.fleets[0]["status"]["ready"] = "1/2"
    assert "1/2 ready" in await line()
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), _PATIENCE)


async def test_a_closed_pipe_ends_it_silently(api: ApiStandIn, tmp_path: Path) -> None:
    for number in range(3000):
        api.add(f"team-{number}", replicas=0)
    command = f"{sys.executable} -m goproxy_operator list --kubeconfig {api.kubeconfig(tmp_path)} | head -1"
    process = await asyncio.create_subprocess_shell(
        command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), _PATIENCE)
    assert (out.count(b"\n"), err) == (1, b"")


async def test_events_are_followed_a_line_for_each(api: ApiStandIn, tmp_path: Path) -> None:
    api.add()

    def event(number: int) -> dict[str, object]:
        return {
            "metadata": {"uid": f"u{number}", "resourceVersion": "1"},
            "eventTime": f"2027-01-15T07:00:0{number}.000000Z",
            "regarding": {"kind": "Pod", "name": "team-a-0"},
            "type": "Normal",
            "reason": f"Reason{number}",
        }

    api.events = [event(1)]
    process = await _started("events", "team-a", "--watch", "--kubeconfig", str(api.kubeconfig(tmp_path)))
    assert process.stdout is not None
    assert b"Reason1" in await asyncio.wait_for(process.stdout.readline(), _PATIENCE)
    api.events.append(event(2))
    assert b"Reason2" in await asyncio.wait_for(process.stdout.readline(), _PATIENCE)
    process.send_signal(signal.SIGINT)
    rest, _ = await asyncio.wait_for(process.communicate(), _PATIENCE)
    assert rest == b""


async def test_what_is_not_installed_is_named(api: ApiStandIn, tmp_path: Path) -> None:
    api.add()
    without = (
        "import sys\n"
        "sys.modules['rich'] = None\n"
        "from goproxy_operator.__main__ import main\n"
        f"sys.exit(main(['list', '--kubeconfig', {str(api.kubeconfig(tmp_path))!r}]))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", without, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    _, err = await asyncio.wait_for(process.communicate(), _PATIENCE)
    assert process.returncode == 1
    assert b"is not installed here: pip install 'goproxy-operator[kubectl]'" in err
    assert err.count(b"\n") == 1
