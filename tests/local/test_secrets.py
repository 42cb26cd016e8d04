"""Secrets beside the object: they are taken from the file, written for the replicas alone, and never printed."""

from __future__ import annotations

import base64
import signal
import stat
from pathlib import Path

import pytest

from goproxy_operator.local.fleet_file import missing, parse_fleet_file
from goproxy_operator.local.secret_documents import Secret
from goproxy_operator.local.secret_files import SecretFiles
from goproxy_operator.local.yaml_text import DocumentError
from tests.local.local_fleet import LocalFleet, document
from tests.modproxy.fake_upstream import FakeUpstream

FLEET = "apiVersion: goproxy-operator.dev/v1alpha1\nkind: GoProxy\nmetadata: {name: team-a}\n"
NAMING = FLEET + "spec: {upstream: {credentials: [{pattern: git.example.com, secretName: git}]}}\n"
PASSWORD = "hunter2-hunter2"
ENCODED = base64.b64encode(PASSWORD.encode()).decode()


def secret(body: str, metadata: str = "{name: git}") -> str:
    return f"---\napiVersion: v1\nkind: Secret\nmetadata: {metadata}\n{body}\n"


@pytest.mark.parametrize(
    ("text", "data"),
    [
        pytest.param(secret(f"stringData: {{username: me, password: {PASSWORD}}}"), ("me", PASSWORD), id="stringData"),
        pytest.param(secret(f"data: {{username: bWU=, password: {ENCODED}}}"), ("me", PASSWORD), id="data"),
        pytest.param(
            secret(f"type: Opaque\ndata: {{username: bWU=, password: b2xk}}\nstringData: {{password: {PASSWORD}}}"),
            ("me", PASSWORD),
            id="stringData wins",
        ),
        pytest.param(
            secret(f"stringData: {{username: me, password: {PASSWORD}, other: x}}"),
            ("me", PASSWORD),
            id="a key too many",
        ),
        pytest.param(
            secret(f"stringData: {{username: me, password: {PASSWORD}}}")
            + secret("stringData: {username: you}", "{name: other}"),
            ("me", PASSWORD),
            id="another that is not named",
        ),
    ],
)
def test_what_is_named_is_taken(text: str, data: tuple[str, str]) -> None:
    fleet_file = parse_fleet_file(NAMING + text)
    (taken,) = fleet_file.secrets
    assert (taken.name, taken.data) == ("git", {"username": data[0].encode(), "password": data[1].encode()})
    assert PASSWORD not in repr(fleet_file) + repr(taken)
    assert missing(fleet_file) is None


def test_what_is_named_and_not_there_is_told() -> None:
    text = NAMING.replace("team-a", "team-a, namespace: build")
    elsewhere = secret("stringData: {password: x}", "{name: git, namespace: other}")
    for fleet_file in (parse_fleet_file(text), parse_fleet_file(text + elsewhere)):
        told = missing(fleet_file)
        assert told is not None
        assert "spec.upstream: Secret git is not in the file: what needs it is answered with an error; add" in told
    near = secret("stringData: {password: x}")
    assert missing(parse_fleet_file(text + near)) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (secret(f"data: {{password: {PASSWORD}}}"), "Secret git: data.password is not base64: encode it, or write it"),
        (secret("stringData: {password: 12345678}"), "Secret git: stringData.password is no text: put it into quotes"),
        (secret(f"stringData: {PASSWORD}"), "Secret git: stringData holds no keys: write KEY: TEXT below it"),
        (secret(f"stringdata: {{password: {PASSWORD}}}"), "Secret git: a field that no Secret has: write its keys"),
        (secret(f"data: {{{PASSWORD}: 1}}"), "Secret git: data is no text"),
        (secret("stringData: {}", "{name: ../../etc}"), "a Secret's metadata.name: write lower-case letters"),
        (secret("stringData: {}") * 2, "several Secrets are called git: keep one of them"),
        (secret(f"stringData: {{password: *{PASSWORD}}}"), "not YAML: found undefined alias$"),
        (secret(f"stringData: {{password: !{PASSWORD} x}}"), "a tag has no meaning here: remove it, or quote text"),
        (secret(f"stringData: {{password: !!int {PASSWORD}}}"), "a value that is not what its tag says: put text into"),
        (
            secret(f"stringData: {{password: !!bool {PASSWORD}}}"),
            "a value that is not what its tag says: put text into",
        ),
        (secret(f'stringData: {{password: "{PASSWORD}}}'), "not YAML: "),
        (secret(f"stringData: {{password: @{PASSWORD}}}"), "not YAML: found character '@' that cannot start any token"),
        (
            secret(f"stringData: {{password: \a{PASSWORD}}}"),
            "line 9: not YAML: a character that may not be in it: remove it",
        ),
    ],
)
def test_a_mistake_is_told_without_what_is_secret(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as raised:
        parse_fleet_file(NAMING + text)
    assert "hunter2" not in str(raised.value)
    assert "12345678" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_files_are_for_this_user_alone_and_change_whole(tmp_path: Path) -> None:
    left_behind = tmp_path / "secrets" / "git" / "password"
    left_behind.parent.mkdir(parents=True)
    left_behind.write_text("of a runner that was killed")
    files = SecretFiles(tmp_path / "secrets")
    files.put([Secret("git", {"username": b"me", "password": b"one"}), Secret("ca", {"ca.crt": b"\xff"})])
    files.keep_only([Secret("git", {"username": b"me", "password": b"one"}), Secret("ca", {"ca.crt": b"\xff"})])
    assert left_behind.read_bytes() == b"one"
    modes = {path.relative_to(tmp_path): stat.S_IMODE(path.stat().st_mode) for path in files.folder.rglob("*")}
    assert modes == {
        Path("secrets/git"): 0o700,
        Path("secrets/git/username"): 0o600,
        Path("secrets/git/password"): 0o600,
        Path("secrets/ca"): 0o700,
        Path("secrets/ca/ca.crt"): 0o600,
    }
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700
    with left_behind.open("rb") as reader:
        files.put([Secret("git", {"password": b"two"})])
        assert reader.read() == b"one"
    assert left_behind.read_bytes() == b"two"
    files.keep_only([Secret("git", {"password": b"two"})])
    assert sorted(path.name for path in files.folder.rglob("*")) == ["git", "password"]
    files.remove()
    assert not files.folder.exists()


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_rotation_needs_no_restart(upstream: FakeUpstream, tmp_path: Path, number: signal.Signals) -> None:
    entry = "{pattern: 127.0.0.1, secretName: git}"
    text = document(f"{upstream.url}, credentials: [{entry}]")
    async with LocalFleet(tmp_path, text) as fleet:
        await fleet.line("Secret git is not in the file: what needs it is answered with an error; add the Secret")
        assert (await fleet.get("example.com/m/@v/list"))[0] >= 500
        since = fleet.rewrite(text + secret(f"stringData: {{username: me, password: {PASSWORD}}}"))
        await fleet.line("team-a: the file is in order again", since=since)
        assert (await fleet.get("example.com/m/@v/list"))[0] == 200
        assert upstream.headers[-1]["Authorization"] == basic("me", PASSWORD)
        since = fleet.rewrite(text + secret(f"stringData: {{username: me, password: {PASSWORD}-2}}"))
        await fleet.line("Secret git: what begins from now on uses the new one", since=since)
        assert (await fleet.get("example.com/n/@v/list"))[0] == 200
        assert upstream.headers[-1]["Authorization"] == basic("me", f"{PASSWORD}-2")
        assert (fleet.data / "secrets" / "git" / "password").read_text() == f"{PASSWORD}-2"
        assert await fleet.end(number) == 0
        assert not (fleet.data / "secrets").exists()
        said = "\n".join(fleet.lines)
        assert said.count(": started") == 1
        assert "hunter2" not in said
    assert not any(b"hunter2" in path.read_bytes() for path in fleet.data.rglob("*") if path.is_file())
