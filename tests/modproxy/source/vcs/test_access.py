"""Which login and which key go where: the real go, git and ssh, and hosts that note what they get."""

import base64
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from modproxy.source.protocol import Denied, NotFound, Unavailable
from tests.modproxy.git_host import HOST, Handler
from tests.modproxy.source.vcs import pages
from tests.modproxy.source.vcs.company import Company
from tests.modproxy.ssh_host import ADDRESS, SshHost

# The server's library leaves such a coroutine behind at the end of a session.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine 'Queue.join' was never awaited:RuntimeWarning")


@pytest.fixture
async def ssh(corp: Company) -> AsyncIterator[SshHost]:
    async with SshHost(corp.git.folder, 0) as host:
        yield host


def commit(corp: Company, *names: str) -> None:
    for name in names:
        corp.git.commit(name, {"go.mod": f"module {HOST}/{name}\n", "l.go": "package l\n"}, "v1.0.0")


def behind_login(corp: Company, *names: str) -> Counter[tuple[str, str]]:
    """Let each repository be had with its own login `NAME:secret-of-NAME` only. Returns who came to which."""
    came: Counter[tuple[str, str]] = Counter()

    def door(name: str, inner: Handler | None) -> Handler:
        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            sent = request.headers.get("Authorization", "")
            who = base64.b64decode(sent.removeprefix("Basic ")).decode()
            came[name, who] += 1
            if who != f"{name}:secret-of-{name}":
                return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="corp"'})
            return await (inner(request) if inner else corp.git._backend(request))

        return answer

    for name in names:
        corp.git.answers[f"/{name}"] = door(name, pages.go_import(f"{HOST}/{name}", f"https://{HOST}/{name}.git"))
        for path in ("info/refs", "git-upload-pack"):
            corp.git.answers[f"/{name}.git/{path}"] = door(name, None)
    return came


async def test_each_repository_gets_its_own_login(corp: Company) -> None:
    commit(corp, "red", "blue", "none")
    came = behind_login(corp, "red", "blue", "none")
    corp.entries.clear()
    corp.credential(f"{HOST}/red", "red", username="red", password="secret-of-red")
    corp.credential("git.*.example.com:443/b?ue", "blue", username="blue", password="secret-of-blue")
    for name in ("red", "blue"):
        assert await corp.get(f"{HOST}/{name}/@v/v1.0.0.zip")
    assert type(await corp.error(f"{HOST}/none/@v/v1.0.0.info")) is NotFound
    assert {who for who in came if who[1]} == {("red", "red:secret-of-red"), ("blue", "blue:secret-of-blue")}


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("me", "a b'c\"d%e#f@g:h\\i;j$k`l"),
        ("ürsula", "p\N{SNOWMAN}ß"),
        ("me@corp.example.com", " %0a&=?/ "),
        ("a b", "=x"),
    ],
)
async def test_any_character_of_a_login(corp: Company, username: str, password: str) -> None:
    commit(corp, "lib")
    corp.git.login = (username, password)
    corp.secret("corp-git", username=username, password=password)
    assert await corp.get(f"{HOST}/lib/@v/list") == b"v1.0.0\n"
    corp.secret("corp-git", username=username, password=f"{password}x")
    error = await corp.error(f"{HOST}/lib/@v/v1.0.0.info")
    assert (type(error), "upstream.credentials" in error.reason) == (Unavailable, True)
    assert password not in error.reason


async def test_no_login_of_the_machine(corp: Company, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commit(corp, "lib")
    corp.entries.clear()
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text(f"machine {HOST} login {corp.git.login[0]} password {corp.git.login[1]}\n")
    (home / ".git-credentials").write_text(f"https://{corp.git.login[0]}:{corp.git.login[1]}@{HOST}\n")
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("NETRC", str(home / ".netrc"))
    assert type(await corp.error(f"{HOST}/lib/@v/list")) is NotFound


async def test_a_page_that_shows_more_to_those_who_log_in(corp: Company) -> None:
    """Some hosts answer a stranger with a page for people, and not with 401."""
    commit(corp, "lib")
    expected = "Basic " + base64.b64encode(":".join(corp.git.login).encode()).decode()

    async def page(request: web.BaseRequest) -> web.StreamResponse:
        known = request.headers.get("Authorization") == expected
        answer = pages.go_import(f"{HOST}/lib", f"https://{HOST}/lib.git") if known else pages.status(200, "sign in")
        return await answer(request)

    corp.git.answers["/lib"] = corp.git.answers["/lib/sub"] = page
    assert await corp.get(f"{HOST}/lib/@v/list") == b"v1.0.0\n"
    assert await corp.get(f"{HOST}/lib/sub/@v/list") == b""


async def test_deploy_keys_of_one_host(corp: Company, ssh: SshHost) -> None:
    commit(corp, "red", "blue", "token")
    corp.git.commit("deep", {"go.mod": f"module {HOST}/deep\n"}, "v1.0.0")
    for name in ("red", "blue"):
        corp.credential(
            f"{HOST}/{name}", f"key-{name}", url=f"ssh://git@{ADDRESS}:{ssh.port}/{name}.git",
            **{"ssh-privatekey": ssh.deploy_key(name), "known_hosts": ssh.known_hosts},
        )  # fmt: skip
    wrong = ssh.deploy_key("blue")
    corp.credential(
        f"{HOST}/deep", "key-wrong", url=f"ssh://{ADDRESS}:{ssh.port}/deep.git",
        **{"ssh-privatekey": wrong, "known_hosts": ssh.known_hosts},
    )  # fmt: skip
    for name in ("red", "blue"):
        assert await corp.get(f"{HOST}/{name}/@v/list") == b"v1.0.0\n"
        assert await corp.get(f"{HOST}/{name}/@v/v1.0.0.zip")
        assert f"git-upload-pack '/{name}.git'" in ssh.commands
    assert not corp.git.sent["red"] + corp.git.sent["blue"], "nothing came over https"
    logins = ssh.logins
    assert await corp.get(f"{HOST}/token/@v/list") == b"v1.0.0\n"
    assert ssh.logins == logins, "the token of the host still counts for the others"
    assert type(await corp.error(f"{HOST}/deep/@v/v1.0.0.info")) is NotFound, "the host itself says so"


async def test_ssh_in_the_page(corp: Company, ssh: SshHost) -> None:
    commit(corp, "lib")
    url = f"ssh://git@{ADDRESS}:{ssh.port}/lib.git"
    corp.git.answers["/lib"] = pages.go_import(f"{HOST}/lib", url)
    error = await corp.error(f"{HOST}/lib/@v/v1.0.0.info")
    assert (type(error), f"no ssh key for {ADDRESS}" in error.reason) == (NotFound, True)
    corp.credential(
        f"{ADDRESS}:{ssh.port}", "key", **{"ssh-privatekey": ssh.client_key, "known_hosts": ssh.known_hosts}
    )
    del corp.source
    assert await corp.get(f"{HOST}/lib/@v/v1.0.0.zip")
    corp.secret("key", known_hosts=SshHost(corp.git.folder, ssh.port).known_hosts)
    logins = ssh.logins
    error = await corp.error(f"{HOST}/lib/@v/v1.0.0.info")
    assert (type(error), "Host key verification failed" in error.reason) == (Unavailable, True)
    assert ssh.logins == logins
    (corp.folder / "secrets" / "key" / "known_hosts").unlink()
    assert "known_hosts" in (await corp.error(f"{HOST}/lib/@v/v1.0.0.info")).reason


async def test_another_base(corp: Company) -> None:
    commit(corp, "lib")
    corp.entries.clear()
    corp.egress.ports["elsewhere.example.com"] = corp.git.port
    corp.credential(f"{HOST}/page", "corp-git", url=f"https://{HOST}/")
    corp.credential(HOST, "corp-git")
    corp.git.answers["/page"] = pages.go_import(f"{HOST}/page", f"https://{HOST}/page/lib.git")
    corp.git.commit("lib", {"go.mod": f"module {HOST}/page\n"}, "v1.1.0")
    assert await corp.get(f"{HOST}/page/@v/list") == b"v1.0.0\nv1.1.0\n"
    assert await corp.get(f"{HOST}/page/@v/v1.1.0.mod") == f"module {HOST}/page\n".encode()


async def test_no_login_over_plain_http(corp: Company) -> None:
    commit(corp, "lib")
    corp.egress.plain[HOST] = corp.git.plain_port
    corp.git.answers["/lib"] = pages.go_import(f"{HOST}/lib", f"http://{HOST}/lib.git")
    assert type(await corp.error(f"{HOST}/lib/@v/list")) is NotFound
    assert corp.git.paths["/lib.git/info/refs"] > 0
    assert not corp.git.plain_logins


async def test_where_a_page_of_a_public_module_must_not_lead(corp: Company, ssh: SshHost) -> None:
    asked: list[str] = []

    async def may_contact(place: str) -> bool:
        asked.append(place)
        return place.startswith(f"{HOST}:443/")

    commit(corp, "lib")
    corp.private, corp.may_contact = "", may_contact
    corp.credential(ADDRESS, "key", **{"ssh-privatekey": ssh.client_key, "known_hosts": ssh.known_hosts})
    assert await corp.get(f"{HOST}/lib/@v/v1.0.0.zip")
    assert set(asked) == {f"{HOST}:443/lib.git"}
    for url in ("https://10.0.0.1/x.git", "http://169.254.169.254/x", f"ssh://git@{ADDRESS}:{ssh.port}/lib.git"):
        corp.git.answers["/page"] = pages.go_import(f"{HOST}/page", url)
        error = await corp.error(f"{HOST}/page/@v/v1.0.0.info")
        assert (type(error), "which has no public address" in error.reason) == (Denied, True), error.reason
    assert set(corp.egress.asked) == {HOST}
    assert ssh.logins == 0
    corp.credential(f"{HOST}/page", "key", url=f"ssh://git@{ADDRESS}:{ssh.port}/")
    corp.git.answers["/page"] = pages.go_import(f"{HOST}/page", f"https://{HOST}/page/lib.git")
    del corp.source
    assert await corp.get(f"{HOST}/page/@v/list") == b"v1.0.0\n", "what the config itself names"
