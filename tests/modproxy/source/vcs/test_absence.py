"""An outage is told from an absence: the real go command, with real pages and repositories that fail in every way."""

import random
import resource
import shutil
from pathlib import Path

import pytest

from modproxy.source.protocol import Denied, NotFound, SourceError, Unavailable
from tests.modproxy.git_host import HOST, Handler
from tests.modproxy.source.vcs import pages
from tests.modproxy.source.vcs.company import Company

GO_MOD = f"module {HOST}/lib\n\ngo 1.21\n"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (pages.status(404), NotFound),
        (pages.status(410), NotFound),
        (pages.status(404, "503 Service Unavailable: dial tcp: i/o timeout", "text/plain"), NotFound),
        (pages.status(200, "<html><head></head><body>nothing</body></html>"), NotFound),
        (pages.go_import(f"{HOST}/elsewhere", f"https://{HOST}/x.git"), NotFound),
        (pages.go_import(f"{HOST}/page", "file:///etc"), NotFound),
        (pages.go_import(f"{HOST}/page", f"https://{HOST}/nothing.git"), NotFound),
        (pages.go_import(f"{HOST}/page", f"https://{HOST}/x", "svn"), Unavailable),  # no svn here
        (pages.go_import(f"{HOST}/page", "ext::sh%20-c%20touch%20/tmp/pwned%20://x"), Unavailable),
        (pages.go_import(f"{HOST}/page", "ssh://-oProxyCommand=touch/x"), Unavailable),
        (pages.status(401), Unavailable),  # the fleet has a login for this place, and it is refused
        (pages.status(403), Unavailable),
        (pages.status(408), Unavailable),
        (pages.status(429), Unavailable),
        (pages.status(500, "unknown revision v1.0.0: 404 Not Found", "text/plain"), Unavailable),
        (pages.status(502), Unavailable),
        (pages.status(503), Unavailable),
        (pages.status(203), Unavailable),
        (pages.status(204), Unavailable),
        (pages.cut, Unavailable),
        (pages.reset, Unavailable),
        (pages.moved(f"https://{HOST}/page?go-get=1"), Unavailable),
        (pages.moved(f"http://{HOST}/lib"), Unavailable),
        (pages.moved("https://elsewhere.example.com/page"), Unavailable),  # the egress proxy answers 502
    ],
)
async def test_pages(corp: Company, answer: Handler, kind: type[SourceError]) -> None:
    corp.git.answers["/page"] = answer
    error = await corp.error(f"{HOST}/page/@v/v1.0.0.info")
    assert type(error) is kind, error.reason
    for hidden in (str(corp.folder), "/workspace", "go-get"):
        assert hidden not in error.reason
    refused = "refuses" in error.reason
    assert corp.counted == {"404" if kind is NotFound else "vcs_refused" if refused else "vcs_outage": 1}
    assert not corp.workspaces


@pytest.mark.parametrize(
    ("code", "kind"), [(401, Unavailable), (403, Unavailable), (404, NotFound), (410, NotFound), (429, Unavailable),
                       (500, Unavailable), (503, Unavailable)]
)  # fmt: skip
async def test_repositories(corp: Company, code: int, kind: type[SourceError]) -> None:
    corp.git.answers |= {
        "/page": pages.go_import(f"{HOST}/page", f"https://{HOST}/repo.git"),
        "/repo.git/info/refs": pages.status(code),
        "/repo.git": pages.status(code),
    }
    error = await corp.error(f"{HOST}/page/@v/v1.0.0.info")
    assert type(error) is kind, error.reason


@pytest.mark.parametrize("name", ["certificates", "404"])
async def test_names_decide_nothing(corp: Company, name: str) -> None:
    version = "v1.404.0-not-found.timeout"
    corp.git.commit(name, {"go.mod": f"module {HOST}/{name}\n", "l.go": "package l\n"}, "v1.403.0", version)
    corp.git.commit(name, {"l.go": "package l // 2\n"}, branch="unauthorized-503")
    for good in ("v1.403.0", version, "unauthorized-503"):
        assert await corp.get(f"{HOST}/{name}/@v/{good}.info")
    for bad in ("v1.500.0", "v1.403.1-no-such-host", "dial-tcp"):
        assert type(await corp.error(f"{HOST}/{name}/@v/{bad}.info")) is NotFound
    corp.git.answers[f"/{name}.git/info/refs"] = pages.status(503)
    assert type(await corp.error(f"{HOST}/{name}/@v/v1.403.0.info")) is Unavailable


async def test_versions_that_cannot_be(corp: Company) -> None:
    head = corp.git.commit("lib", {"go.mod": GO_MOD, "l.go": "package l\n"}, "v1.0.0", "v2.0.0")
    corp.git.commit("garbage", {"go.mod": "}}} no module\n", "l.go": "package l\n"}, "v1.0.0")
    corp.git.commit("post", {"go.mod": f"module {HOST}/post/v2\n", "l.go": "package l\n"}, "v1.0.0")
    time, commit = "20240203040506", head[:12]
    absent = [
        f"lib/@v/v0.0.0-20240203040507-{commit}.info",  # another time
        f"lib/@v/v0.0.0-{time}-{head[:13]}.info",
        f"lib/@v/v0.0.0-{time}-{head[:11]}.info",
        f"lib/@v/v1.7.1-0.{time}-{commit}.info",
        f"lib/@v/v0.0.0-{time}-000000000000.info",
        "lib/@v/v2.0.0+incompatible.info",
        "lib/v2/@v/v2.0.0.info",
        "lib/sub/@v/v1.0.0.info",
        "lib/sub/@latest",
        "garbage/@v/v1.0.0.info",
        "post/@v/v1.0.0.info",
        "lib/@v/v1.9.9.zip",
        "lib/@v/v1.9.9.mod",
    ]
    for path in absent:
        error = await corp.error(f"{HOST}/{path}")
        assert type(error) is NotFound, (path, error.reason)
    sent = corp.git.sent["lib"]
    assert type(await corp.error(f"{HOST}/{absent[0]}")) is NotFound
    assert corp.git.sent["lib"] - sent < 1500, "the repository is not cloned again"
    # The path that a module gives itself does not matter: it may be there for a `replace`.
    corp.git.commit("moved", {"go.mod": "module example.org/elsewhere\n", "l.go": "package l\n"}, "v1.0.0")
    assert await corp.get(f"{HOST}/moved/@v/v1.0.0.zip")


async def test_a_host_that_wants_a_login_which_the_fleet_has_not(corp: Company) -> None:
    corp.git.commit("lib", {"go.mod": GO_MOD}, "v1.0.0")
    corp.entries.clear()
    error = await corp.error(f"{HOST}/lib/@v/v1.0.0.info")
    assert (type(error), "upstream.credentials" in error.reason) == (NotFound, True)
    corp.git.answers["/lib"] = pages.go_import(f"{HOST}/lib", f"https://{HOST}/lib.git")
    error = await corp.error(f"{HOST}/lib/@v/v1.0.0.info")
    assert (type(error), "upstream.credentials" in error.reason) == (NotFound, True)
    corp.git.answers["/lib"] = pages.status(403)
    assert type(await corp.error(f"{HOST}/lib/@v/v1.0.0.info")) is Unavailable


async def test_paths_that_name_their_repository(corp: Company) -> None:
    """Of these the go command says only that no URL works, whether the repository is absent or the host is down."""
    corp.git.answers["/down/info/refs"] = pages.status(503)
    assert type(await corp.error(f"{HOST}/down.git/@v/v1.0.0.info")) is Unavailable
    assert type(await corp.error(f"{HOST}/absent.git/@v/v1.0.0.info")) is NotFound


async def test_the_way_to_the_host(corp: Company, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    corp.git.commit("lib", {"go.mod": GO_MOD, "noise": random.Random(1).randbytes(30_000).hex()}, "v1.0.0")
    path = f"{HOST}/lib/@v/v1.0.0.info"
    corp.egress.ports.clear()
    for refusal in ("502 Bad Gateway", "407 Proxy Authentication Required", "404 Not Found", "403 Forbidden"):
        corp.egress.refusal = refusal
        assert type(await corp.error(path)) is Unavailable
    corp.egress.ports[HOST] = 1
    assert type(await corp.error(path)) is Unavailable
    corp.egress.ports[HOST] = corp.git.port
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("go", "sh", "env"):
        (programs / name).symlink_to(str(shutil.which(name)))
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(programs))
        assert type(await corp.error(path)) is Unavailable  # no git
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        assert type(await corp.error(path)) is Unavailable  # as with a full disk
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert await corp.get(path)


async def test_systems_that_the_go_command_forbids(corp: Company) -> None:
    corp.private = ""
    corp.git.answers["/page"] = pages.go_import(f"{HOST}/page", f"https://{HOST}/x", "svn")
    assert type(await corp.error(f"{HOST}/page/@v/v1.0.0.info")) is Denied
