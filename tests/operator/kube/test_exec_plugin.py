"""Credential plugins: what is run, what is made of the answer, and what is told when there is none."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.kube.credentials import AccessError
from goproxy_operator.kube.exec_plugin import ExecPlugin, parse_answer, parse_plugin, run_plugin
from tests.operator.kube.user_config import V1, plugin

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PLUGIN = ExecPlugin("get-token", ("--now",))


def printed(version: str = V1, **status: Any) -> bytes:
    return json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}).encode()


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "no object"),
        ({"apiVersion": V1}, "names no command"),
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "x"}, "update the kubeconfig"),
        ({"apiVersion": V1, "command": "x", "interactiveMode": "Always"}, "at a terminal"),
    ],
)
def test_what_is_no_plugin(document: object, told: str) -> None:
    with pytest.raises(AccessError, match=told):
        parse_plugin(document, "/home/jane/.kube", {})


@pytest.mark.parametrize(
    ("command", "found"),
    [("get-token", "get-token"), ("./get-token", "/home/jane/.kube/get-token"), ("/bin/get-token", "/bin/get-token")],
)
def test_a_relative_path_begins_at_the_kubeconfig(command: str, found: str) -> None:
    assert parse_plugin({"apiVersion": V1, "command": command}, "/home/jane/.kube", {}).command == found


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "printed no ExecCredential: run it by hand .get-token --now."),
        (b"not JSON", "printed no ExecCredential"),
        (b"[]", "printed no ExecCredential"),
        (b'{"apiVersion": "v1"}', "printed no ExecCredential"),
        (b'{"apiVersion": "v1", "status": 5}', "printed no ExecCredential"),
        (printed(token="t", expirationTimestamp="soon"), "printed no ExecCredential"),
        (printed("client.authentication.k8s.io/v1beta1", token="t"), "speaks client.authentication.k8s.io/v1beta1"),
        (printed(), "neither a token nor a certificate"),
        (printed(clientCertificateData="c"), "neither a token nor a certificate"),
    ],
)
def test_what_is_no_answer(answer: bytes, told: str) -> None:
    with pytest.raises(AccessError, match=told):
        parse_answer(PLUGIN, answer, NOW)


@pytest.mark.parametrize(("seconds", "renew"), [(None, None), (3600, 3480), (480, 360), (60, 45), (0, 0), (-60, -60)])
def test_when_a_plugin_is_run_again(seconds: int | None, renew: int | None) -> None:
    status = {} if seconds is None else {"expirationTimestamp": (NOW + timedelta(seconds=seconds)).isoformat()}
    found = parse_answer(PLUGIN, printed(token="t", **status), NOW)
    assert found.token == "t"
    assert found.renew == (None if renew is None else NOW + timedelta(seconds=renew))


def test_a_plugin_is_told_who_asks_and_about_which_cluster(tmp_path: Path) -> None:
    path = plugin(tmp_path, "answer(token=json.dumps([sys.argv[1:], os.environ['A'], info['spec']]))")
    config = {"apiVersion": V1, "command": str(path), "args": ["x"], "env": [{"name": "A", "value": "b"}]}
    cluster = {
        "server": "https://one.example",
        "extensions": [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}],
    }
    assert json.loads(run_plugin(parse_plugin(config, "/", cluster)).token) == [["x"], "b", {"interactive": False}]
    told = json.loads(run_plugin(parse_plugin(config | {"provideClusterInfo": True}, "/", cluster)).token)
    assert told[2]["cluster"] == {"server": "https://one.example", "config": {"audience": "a"}}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("sys.exit('first\\nlog in with: az login')", r"failed with 1: log in with: az login; run it by hand \("),
        ("sys.exit(3)", "failed with 3: it says nothing; run it by hand"),
        ("print('hello')", "printed no ExecCredential: run it by hand"),
    ],
)
def test_a_plugin_that_fails(tmp_path: Path, body: str, told: str) -> None:
    with pytest.raises(AccessError, match=told) as caught:
        run_plugin(ExecPlugin(str(plugin(tmp_path, body))))
    assert "\n" not in str(caught.value)


def test_a_plugin_that_is_not_installed() -> None:
    hint = "Install it with:\n  brew install get-token"
    with pytest.raises(AccessError, match="get-token-x is not installed: Install it with: brew install get-token, or"):
        run_plugin(ExecPlugin("get-token-x", install_hint=hint))
    with pytest.raises(AccessError, match="not installed: install it, or choose another user"):
        run_plugin(ExecPlugin("/nowhere/get-token"))


def test_a_plugin_that_cannot_be_run(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/nowhere/python\n")
    broken.chmod(0o700)
    with pytest.raises(AccessError, match="cannot be run"):
        run_plugin(ExecPlugin(str(broken)))


def test_a_plugin_that_hangs_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    body = (
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"pathlib.Path({str(tmp_path / 'child')!r}).write_text(str(child.pid))\n"
        "child.wait()"
    )
    path, begun = plugin(tmp_path, body), time.monotonic()
    with pytest.raises(AccessError, match="has not answered within 2 s: run it by hand"):
        run_plugin(ExecPlugin(str(path)), seconds=2)
    assert time.monotonic() - begun < 10
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 10
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
