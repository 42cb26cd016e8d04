"""The protocol of GOAUTH, the file of tokens, the device flow: tables of cases."""

import json
import multiprocessing
import stat
from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.login.device_flow import LoginError, Then, after, next_interval, read_prompt
from goproxy_operator.login.goauth_protocol import Asked, concerns, fleet_url, read_question, write_answer
from goproxy_operator.login.token_file import StoredToken, TokenFile, TokenFileError

FLEET = "https://goproxy.example.com/go"


@pytest.mark.parametrize(
    ("arguments", "head", "asked", "refused"),
    [
        ([], "", Asked(None, None), False),
        ([FLEET], "HTTP/1.1 401 Unauthorized\nWww-Authenticate: Basic\n\n", Asked(FLEET, 401), True),
        ([FLEET], "HTTP/2.0 404 Not Found\n\n", Asked(FLEET, 404), False),
        ([FLEET], "", Asked(FLEET, None), False),
        ([FLEET], "nonsense 401", Asked(FLEET, None), False),
    ],
)
def test_a_question(arguments: list[str], head: str, asked: Asked, refused: bool) -> None:
    assert read_question(arguments, head) == asked
    assert asked.refused == refused


@pytest.mark.parametrize(
    ("url", "ours"),
    [(None, True), (FLEET, True), (FLEET + "/m/@v/list", True), ("https://GOPROXY.example.com/go/m", True),
     ("https://goproxy.example.com/gone", False), ("https://goproxy.example.com/", False),
     ("http://goproxy.example.com/go/m", False), ("https://goproxy.example.com.evil.example.com/go/m", False),
     ("https://evil.example.com/go/m", False), ("https://goproxy.example.com:444/go/m", False)],
)  # fmt: skip
def test_a_token_is_for_its_fleet_only(url: str | None, ours: bool) -> None:
    assert concerns(Asked(url, 401), FLEET) == ours


def test_an_answer() -> None:
    assert write_answer(FLEET, "a.b-c_d") == f"{FLEET}\n\nAuthorization: Bearer a.b-c_d\n\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [("http://goproxy.example.com", "is not https"), ("https://", "is no URL of a fleet"),
     ("https://u:hunter2@goproxy.example.com", "no user name and no password"), ("goproxy.example.com", "is no URL"),
     (FLEET + "\x7fx", "control character"), (FLEET + " x", "a space"), (FLEET + "?x", "is no URL of a fleet")],
)  # fmt: skip
def test_what_is_no_fleet(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as raised:
        fleet_url(text)
    assert "hunter2" not in str(raised.value)


def test_a_fleet_has_one_spelling() -> None:
    spellings = (FLEET, FLEET + "/", "https://GOPROXY.example.com/go", "HTTPS://goproxy.example.com/go//")
    assert {fleet_url(text) for text in spellings} == {FLEET}


@pytest.mark.parametrize("token", ["t\nx", "t\r", "", "two words"])
def test_what_is_no_answer(token: str) -> None:
    with pytest.raises(ValueError, match="the token"):
        write_answer(FLEET, token)


def test_the_file_is_its_owners(tmp_path: Path) -> None:
    file, token = (
        TokenFile(tmp_path / "tokens", FLEET),
        StoredToken(FLEET, "https://sso", "c", "access", 7.0, "refresh"),
    )
    assert file.read() is None
    file.write(token)
    assert file.read() == token
    assert "access" not in repr(token).replace("access_", "")
    (path,) = (tmp_path / "tokens").glob("*.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for content in ("", "[]", "{}", json.dumps({"x": 1})):
        path.write_text(content)
        with pytest.raises(TokenFileError, match="log out, and log in again"):
            file.read()
    assert file.remove()
    assert not file.remove()


def _count(folder: Path) -> None:
    file = TokenFile(folder, FLEET)
    for _ in range(20):
        with file.locked():
            before = file.read()
            file.write(StoredToken(FLEET, "", "", "", before.expires + 1 if before else 1))


def test_the_lock_lets_one_at_a_time_through(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_count, args=(tmp_path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    found = TokenFile(tmp_path, FLEET).read()
    assert found is not None
    assert found.expires == 60


GOOD = {
    "device_code": "d",
    "user_code": "ABCD",
    "verification_uri": "https://sso.example.com/device",
    "expires_in": 300,
}


def test_a_prompt() -> None:
    prompt = read_prompt(GOOD)
    assert (prompt.user_code, prompt.interval, prompt.expires_in) == ("ABCD", 5, 300)
    assert read_prompt(GOOD | {"interval": 1}).interval == 1
    for bad in ({"user_code": None}, {"user_code": "a\x1b[2J"}, {"verification_uri": "javascript:x"}):
        with pytest.raises(LoginError):
            read_prompt(GOOD | bad)


@pytest.mark.parametrize(
    ("status", "answer", "then"),
    [(200, {"access_token": "t"}, Then.DONE), (400, {"error": "authorization_pending"}, Then.WAIT),
     (400, {"error": "slow_down"}, Then.SLOWER), (400, {"error": "access_denied"}, None),
     (400, {"error": "expired_token"}, None), (200, {}, None), (500, {}, None)],
)  # fmt: skip
def test_after_a_question(status: int, answer: dict[str, Any], then: Then | None) -> None:
    if then is None:
        with pytest.raises(LoginError):
            after(status, answer)
        return
    assert after(status, answer) is then
    assert next_interval(5, then) == (10 if then is Then.SLOWER else 5)
