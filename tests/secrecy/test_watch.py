"""The check itself: it finds secrets that are planted, in each form, and where each program could show them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.kubernetes.eventually import eventually
from tests.modproxy.identity.issuer import claims, sign
from tests.modproxy.proxy_process import ProxyProcess
from tests.secrecy.harness import note_documents, note_environment, note_secrets
from tests.secrecy.programs import Programs, look_at_process
from tests.secrecy.registry import REGISTRY, Registry, new_secret
from tests.secrecy.watch import WATCH, Watch, lawful

PASSWORD = 'p@ss "word" of/robot?'
LOGIN = f"robot:{PASSWORD}"


def watch(**more: str) -> Watch:
    made = Watch(Registry())
    made.registry.add_login("robot", PASSWORD, "planted")
    for name, token in more.items():
        made.registry.add_token(token, name)
    return made


@pytest.mark.parametrize(
    "text",
    [
        PASSWORD,
        f"https://robot:{quote(PASSWORD, safe='')}@git.example.com",
        json.dumps({"password": PASSWORD}),
        "Authorization: Basic " + base64.b64encode(LOGIN.encode()).decode(),
        "data: " + base64.b64encode(PASSWORD.encode()).decode(),
    ],
)
def test_each_form_is_found(text: str) -> None:
    looked = watch()
    looked.saw("log", f"before {text} after")
    assert looked.leaks() == ["log shows planted"]
    assert looked.leaks() == [], "a test is not blamed for the one before"


def test_parts_of_a_token() -> None:
    token = sign(claims("https://sso.example.com"))
    for shown in (token, token.rpartition(".")[2], token.split(".")[1], token[:-30] + "...", token[-40:]):
        looked = watch(token=token)
        looked.saw("answer", shown)
        assert looked.leaks() == ["answer shows token"]
    looked = watch(token=token)
    looked.saw("answer", token.partition(".")[0])
    assert looked.leaks() == [], "the header is the same in all tokens"


def test_the_keys_of_secrets(tmp_path: Path) -> None:
    (tmp_path / "users").mkdir()
    planted = {"htpasswd": f"alice:{new_secret('hash')}\n", "secret": new_secret("edge"), "tls.crt": "public " * 9}
    for key, text in planted.items():
        (tmp_path / "users" / key).write_text(text)
    note_secrets(tmp_path)
    note_documents(f"kind: Secret\nmetadata: {{name: x}}\nstringData: {{password: {new_secret('document')}}}\n")
    note_environment({"GOPROXY": "https://me:hunter%402hunter2@goproxy.example.com,direct"})
    assert planted["secret"] in REGISTRY
    assert planted["tls.crt"] not in REGISTRY
    assert planted["htpasswd"].strip().partition(":")[2] in REGISTRY
    assert "hunter@2hunter2" in REGISTRY
    with pytest.raises(AssertionError, match="too short"):
        note_documents("kind: Secret\nmetadata: {name: x}\nstringData: {password: x}\n")


def test_lawful_places_are_for_their_secrets_only() -> None:
    assert lawful("file /tmp/replica-x/modproxy-y/key0", "Secret deploy-key/ssh-privatekey")
    assert not lawful("file /tmp/replica-x/modproxy-y/key0", "credential of a client")
    assert not lawful("file /tmp/replica-x/key0", "Secret deploy-key/ssh-privatekey")
    assert not lawful("environ of git", "login of the machine")
    assert not lawful("request to an upstream", "credential of a client")


def test_programs_note_how_they_were_started(tmp_path: Path) -> None:
    noting = Programs(tmp_path, os.environ["PATH"])
    env = {"PATH": f"{noting.path}:{os.environ['PATH']}", "HIDDEN": PASSWORD}
    subprocess.run(["git", "version", LOGIN], env=env, check=False, capture_output=True)
    looked = watch()
    noting.tell(looked)
    assert sorted(looked.leaks()) == ["cmdline of git shows planted", "environ of git shows planted"]


async def test_processes_and_files(tmp_path: Path) -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()', sys.argv[1]])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, LOGIN, stdin=asyncio.subprocess.PIPE)
    looked = watch()

    def found() -> bool:
        look_at_process(looked, "replica", process.pid)
        return len(looked.leaks()) == 2

    await eventually(found, "the process and its child are seen")
    await process.communicate(b"\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_text(PASSWORD)
    looked.saw_files(tmp_path)
    assert looked.leaks() == [f"file {tmp_path}/a/file shows planted"]


async def test_what_a_replica_writes_is_searched(tmp_path: Path) -> None:
    """A login in the name of the upstream's path is planted: a replica names its upstream in answers and logs."""
    planted = new_secret("path")
    config = {"upstream": {"goproxy": f"http://127.0.0.1:9/{planted}", "gosumdb": "off"}}
    async with ProxyProcess(tmp_path / "fleet", config) as proxy:
        await proxy.get("example.com/m/@v/list", Authorization="Bearer x.y.z")
        (proxy.cache / ".modproxy" / "left").write_text(planted)
        await proxy.look()
        with (proxy.folder / "log").open("a") as log:
            log.write(planted)
    found = WATCH.leaks()
    assert f"file {proxy.cache}/.modproxy/left shows path" in found
    assert "log of the replica shows path" in found
