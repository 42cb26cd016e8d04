"""The real commands against an issuer on loopback: a person's login, a CI job's, and what the go command gets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.operator.login.provider import Provider, run

FLEET = "https://goproxy.example.com"


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    made = Provider()
    await made.start()
    yield made
    await made.stop()


def token_files(folder: Path) -> list[Path]:
    return list(folder.rglob("*.json"))


def stored_in(folder: Path) -> str:
    found = [path.read_text() for path in token_files(folder)]
    assert found
    return "".join(found)


def answer(token: str) -> str:
    return f"{FLEET}\n\nAuthorization: Bearer {token}\n\n"


async def test_a_person(tmp_path: Path, provider: Provider) -> None:
    code, out, err = await run(tmp_path, "login", FLEET, "--issuer", provider.url, "--client-id", "c")
    assert (code, out) == (0, "")
    assert "WXYZ" in err
    assert "h.p1.s" not in err
    assert await run(tmp_path, "goauth", FLEET) == (0, answer("h.p1.s"), "")
    head = "HTTP/1.1 404 Not Found\n\n"
    assert (await run(tmp_path, "goauth", FLEET, f"{FLEET}/m/@v/list", stdin=head))[1] == answer("h.p1.s")
    assert provider.given == 1, "a 404 is no reason to get another token"
    assert (await run(tmp_path, "goauth", FLEET, "https://other.example.com/m", stdin=head))[:2] == (0, "")


async def test_three_helpers_at_once_renew_a_refused_token_once(tmp_path: Path, provider: Provider) -> None:
    await run(tmp_path, "login", FLEET, "--issuer", provider.url, "--client-id", "c")
    provider.life = 30
    await run(tmp_path, "goauth", FLEET, f"{FLEET}/m", stdin="HTTP/1.1 401 Unauthorized\n\n")
    assert provider.given == 2
    provider.life = 3600
    found = await asyncio.gather(*(run(tmp_path, "goauth", FLEET) for _ in range(3)))
    assert {out for _, out, _ in found} == {answer("h.p3.s")}
    assert provider.given == 3


async def test_a_ci_job(tmp_path: Path, provider: Provider) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{provider.client_secret}\n")
    login = ("login", FLEET, "--issuer", provider.url, "--client-id", "ci", "--client-secret-file", str(secret))
    assert (await run(tmp_path, *login))[0] == 0
    assert (await run(tmp_path, "goauth", FLEET))[1] == answer("h.p1.s")
    assert provider.client_secret not in stored_in(tmp_path)
    assert (await run(tmp_path, "goauth", FLEET, f"{FLEET}/m", stdin="HTTP/1.1 401 x\n\n"))[1] == answer("h.p2.s")
    secret.write_text("wrong")
    code, out, err = await run(tmp_path, "goauth", FLEET, f"{FLEET}/m", stdin="HTTP/1.1 401 x\n\n")
    assert (code, out) == (1, "")
    assert "log in again" in err


async def test_for_whom_a_token_is(tmp_path: Path, provider: Provider) -> None:
    more = ("--audience", "goproxy", "--resource", "https://goproxy.example.com")
    assert (await run(tmp_path, "login", FLEET, "--issuer", provider.url, "--client-id", "c", *more))[0] == 0
    await run(tmp_path, "goauth", FLEET, f"{FLEET}/m", stdin="HTTP/1.1 401 Unauthorized\n\n")
    assert provider.given == 2
    assert {(form.get("audience"), form.get("resource")) for form in provider.forms} == {(more[1], more[3])}


async def test_a_refresh_token_is_sent_once(tmp_path: Path, provider: Provider) -> None:
    provider.life = 1
    await run(tmp_path, "login", FLEET, "--issuer", provider.url, "--client-id", "c")
    for given in (2, 3, 4):
        assert (await run(tmp_path, "goauth", FLEET))[1] == answer(f"h.p{given}.s")
    provider.refresh = ""
    code, out, err = await run(tmp_path, "goauth", FLEET)
    assert (code, out) == (1, "")
    assert "log in again" in err


async def test_logout(tmp_path: Path, provider: Provider) -> None:
    await run(tmp_path, "login", f"{FLEET}/", "--issuer", provider.url, "--client-id", "c")
    assert (await run(tmp_path, "logout", FLEET)) == (0, "", f"logged out of {FLEET}\n")
    assert token_files(tmp_path) == []
    assert (await run(tmp_path, "logout", FLEET)) == (0, "", f"there is no token for {FLEET}\n")
    assert (await run(tmp_path, "goauth", FLEET))[0] == 1


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        ((400, "access_denied"), "the login was refused in the browser"),
        ((400, "expired_token"), "the code was not entered in time"),
        ((401, "invalid_client"), "look at --client-id"),
        ((400, "invalid_target"), "does not know the --audience"),
        ((500, "x"), "the issuer gives no token"),
    ],
)
async def test_why_a_login_fails(tmp_path: Path, provider: Provider, refused: tuple[int, str], told: str) -> None:
    provider.refused = refused
    code, out, err = await run(tmp_path, "login", FLEET, "--issuer", provider.url, "--client-id", "c")
    assert (code, out) == (1, "")
    assert told in err
    code, _, err = await run(tmp_path, "login", FLEET, "--issuer", provider.url, "--client-id", "stranger")
    assert (code, "look at --client-id" in err) == (1, True)


async def test_files_that_cannot_be_used(tmp_path: Path, provider: Provider) -> None:
    (tmp_path / "goproxy-operator").write_text("a file")
    login = ("login", FLEET, "--issuer", provider.url, "--client-id", "c")
    code, _, err = await run(tmp_path, *login)
    assert (code, "no token can be kept in" in err) == (1, True)
    assert provider.forms == [], "nobody logs in for a token that cannot be kept"
    (tmp_path / "goproxy-operator").unlink()
    assert (await run(tmp_path, *login))[0] == 0
    (path,) = token_files(tmp_path)
    path.write_text(path.read_text()[:-20])
    code, out, err = await run(tmp_path, "goauth", FLEET)
    assert (code, out) == (1, "")
    assert "log out, and log in again" in err


async def test_what_cannot_work_says_so(tmp_path: Path, provider: Provider) -> None:
    code, out, err = await run(tmp_path, "goauth", FLEET)
    assert (code, out) == (1, "")
    assert "goproxy-operator login" in err
    for fleet, issuer, status, told in (
        ("http://goproxy.example.com", provider.url, 2, "go sends credentials over https only"),
        (FLEET, "http://127.0.0.1:1", 1, "127.0.0.1 cannot be reached: Connect"),
        (FLEET, "https://nowhere.invalid", 1, "its name is not known here"),
        (FLEET, "http://sso.example.com", 1, "is not https"),
        (FLEET, provider.url + "/", 1, "spell it as iss of its tokens does"),
    ):
        code, _, err = await run(tmp_path, "login", fleet, "--issuer", issuer, "--client-id", "c")
        assert (code, told in err) == (status, True), err
    for command, word in (("login", "go env -w"), ("goauth", "go env -w"), ("logout", "goproxy-operator logout")):
        code, out, _ = await run(tmp_path, command, "--help")
        assert (code, word in out) == (0, True)
