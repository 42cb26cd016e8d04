"""What a failure of the go command means. The texts are those of go 1.26 and git 2.39."""

import pytest

from modproxy.mod.path import check_path
from modproxy.mod.target import Kind, Target
from modproxy.source.protocol import Denied, NotFound, SourceError, Unavailable
from modproxy.source.vcs.failure import Meaning, explain_failure, find_cause

M = "git.example.com/m"
TARGET = Target(check_path(M), "v1.0.0", Kind.QUERY)
LS = (
    "git ls-remote -q --end-of-options https://git.example.com/m.git in /var/cache/x y/vcs/ff8430: exit status 128:\n\t"
)
IMPORT = f'unrecognized import path "{M}": '
READING = f"{IMPORT}reading https://{M}?go-get=1: "
FETCH = f'{IMPORT}https fetch: Get "https://{M}?go-get=1": '


def without_login(url: str) -> bool:
    return False


def with_login(url: str) -> bool:
    return True


ABSENT = [
    f"go: {M}@v1.0.0: invalid version: unknown revision v1.0.0",
    f"{M}@v1.0.0: invalid version: unknown revision sub/v1.0.0",
    f'go: module {M}: no matching versions for query "latest"',
    f"go: {READING}404 Not Found",
    f"go: {M}@v1.0.0: {READING}410 Gone",
    f"go: {READING}404 Not Found\n\tserver response: 503 Service Unavailable: dial tcp: i/o timeout",
    f"go: {IMPORT}parse https://{M}?go-get=1: no go-import meta tags ()",
    f"go: {IMPORT}parse https://{M}?go-get=1: no go-import meta tags (meta tag a.example.com/x did not match import "
    f"path {M})",
    f"go: {IMPORT}fetching git.example.com: no go-import meta tag found in https://git.example.com/?go-get=1",
    f"go: {IMPORT}parsing {M}: XML syntax error on line 3: attribute name without = in element",
    f'go: {IMPORT}https://{M}?go-get=1: unknown vcs "foo"',
    f'go: {IMPORT}https://{M}?go-get=1: invalid repo root "file:///etc": file scheme disallowed',
    f"go: {M}@v1.0.0: invalid version: {LS}fatal: repository 'https://git.example.com/m.git/' not found",
    f"go: {M}@v1.0.0: invalid version: {LS}fatal: '/m.git' does not appear to be a git repository\n\t"
    "fatal: Could not read from remote repository.",
    f"go: {M}@v1.0.0: invalid version: {LS}ERROR: Repository not found.\n\t"
    "fatal: Could not read from remote repository.",
    f"{M}@v1.0.0: invalid pseudo-version: does not match version-control timestamp (expected 20240203040506)",
    f"{M}@v1.0.0: invalid pseudo-version: revision is longer than canonical (expected 099cf3a9d9bb)",
    f"{M}@v1.0.0: invalid pseudo-version: revision is shorter than canonical (expected 099cf3a9d9bb)",
    f"{M}@v1.0.0: invalid pseudo-version: preceding tag (v1.7.0) not found",
    f'{M}@v1.0.0: invalid version: go.mod has non-.../v2 module path "{M}" (and .../v2/go.mod does not exist) at '
    "revision v2.0.0",
    f'{M}@v1.0.0: invalid version: go.mod has post-v1 module path "{M}/v2" at revision v1.0.0',
    f"{M}@v1.0.0: invalid version: go.mod is missing module path at revision v1.0.0",
    f"{M}@v1.0.0: invalid version: missing {M}/sub/go.mod at revision sub/v1.0.0",
    f'{M}@v1.0.0: invalid version: module contains a go.mod file, so module path must match major version ("{M}/v2")',
    f"{M}@v1.0.0: invalid version: +incompatible suffix not allowed: major version v1 is compatible",
    f"{M}@v1.0.0: invalid version: resolves to version v1.1.0 (v1.0.0 is not a tag)",
    f'go: {M}@v1.0.0: invalid module version "-dash"',
    'create zip: a.go: case-insensitive file name collision: "A.go" and "a.go"',
    "create zip: module source tree too large (max size is 524288000 bytes)",
]
OUTAGES = [
    *[
        f"go: {READING}{status}"
        for status in ("203 Non-Authoritative Information", "204 No Content", "408 Request Timeout", "503 ",
                       "429 Too Many Requests", "500 404 Not Found", "502 Bad Gateway", "403 Forbidden")
    ],
    f"go: {READING}503 x: reading https://{M}?go-get=1: 404 Not Found",
    f"go: {READING}500 Internal Server Error\n\tserver response:\n\tgo: x: invalid version: unknown revision x",
    f"go: {FETCH}dial tcp 192.0.2.1:443: connect: connection refused",
    f"go: {FETCH}dial tcp: lookup git.example.com on 192.0.2.53:53: no such host",
    f"go: {FETCH}proxyconnect tcp: dial tcp 192.0.2.1:3128: connect: connection refused",
    f"go: {FETCH}Not Found",  # the egress proxy has answered CONNECT with 404
    f"go: {FETCH}Proxy Authentication Required",
    f"go: {FETCH}EOF",
    f"go: {FETCH}net/http: TLS handshake timeout",
    f"go: {FETCH}tls: failed to verify certificate: x509: certificate signed by unknown authority",
    f"go: {FETCH}stopped after 10 redirects",
    f"go: {IMPORT}parsing {M}: unexpected EOF",
    f"go: {IMPORT}parsing {M}: XML syntax error on line 1: unexpected EOF",
    f"go: {M}@v1.0.0: no secure protocol found for repository",
    f"go: {M}@v1.0.0: unable to resolve git version: failed to execute git version: exec: \"git\": executable file not "
    "found in $PATH",
    f"go: {M}@v1.0.0: hg init . in /x/vcs/b19: exec: \"hg\": executable file not found in $PATH",
    f"go: {M}@v1.0.0: git init --bare in /x/vcs/04: signal: file size limit exceeded",
    f"go: {M}@v1.0.0: invalid version: {LS}fatal: unable to access 'https://{M}.git/': The requested URL returned "
    "error: 429",
    f"go: {M}@v1.0.0: invalid version: {LS}fatal: unable to access 'https://{M}.git/': Received HTTP code 404 from "
    "proxy after CONNECT",
    f"go: {M}@v1.0.0: invalid version: {LS}fatal: unable to access 'https://{M}.git/': server certificate "
    "verification failed. CAfile: none CRLfile: none",
    f"go: {M}@v1.0.0: invalid version: {LS}remote: fatal: repository 'x' not found\n\tfatal: early EOF",
    f"go: {M}@v1.0.0: invalid version: {LS}ERROR: Repository not found.",
    f"go: {M}@v1.0.0: invalid version: {LS}error: unpack-objects died of signal 25\n\tfatal: unpack-objects failed",
    f"go: {M}@v1.0.0: invalid version: {LS}fatal: write error: No space left on device",
    f"go: {M}@v1.0.0: invalid version: {LS}fatal: transport 'ext' not allowed",
    "create zip: write /tmp/x/go-codehost-1: no space left on device",
    "something that nobody has seen before",
    "",
]  # fmt: skip


@pytest.mark.parametrize("has_login", [with_login, without_login])
@pytest.mark.parametrize(
    ("said", "kind"), [*((said, NotFound) for said in ABSENT), *((said, Unavailable) for said in OUTAGES)]
)
def test_an_absence_needs_proof(said: str, kind: type[SourceError], has_login: object) -> None:
    _, error = explain_failure(TARGET, said, with_login if has_login is with_login else without_login)
    assert type(error) is kind
    assert error.reason.startswith(f"{M}@v1.0.0 query: version control: ")
    for hidden in ("192.0.2.", "/var/cache", "/x/", "/tmp/", "go-get", "server response"):
        assert hidden not in error.reason


@pytest.mark.parametrize(
    "name", ["certificates", "404", "authentication-failed", "x509", "not-found", "timeout", "no-such-host"]
)
@pytest.mark.parametrize("version", ["v1.403.0", "v1.404.0-not-found.timeout", "404", "unknown-revision", "go"])
def test_names_decide_nothing(name: str, version: str) -> None:
    target = Target(check_path(f"git.example.com/{name}"), version, Kind.QUERY)
    absent = f"go: {target.path}@{version}: invalid version: unknown revision {version}"
    assert find_cause(target, absent, with_login).meaning is Meaning.ABSENT
    outage = (
        f"go: {target.path}@{version}: invalid version: git ls-remote -q --end-of-options https://{target.path}.git in "
        f"/x/{name}/vcs/1: exit status 128:\n\tfatal: unable to access 'https://{target.path}.git/': The requested URL "
        "returned error: 503"
    )
    assert find_cause(target, outage, with_login).meaning is Meaning.OUTAGE


LOGIN = f"{LS}fatal: could not read Username for 'https://git.example.com': terminal prompts disabled"
NO_KEY = (
    f"{LS}modproxy: the fleet has no ssh key for git.example.com/m.git\n\tfatal: Could not read from remote repository."
)


@pytest.mark.parametrize(
    ("said", "has_login", "meaning", "kind"),
    [
        (LOGIN, without_login, Meaning.LOGIN_WANTED, NotFound),
        (NO_KEY, without_login, Meaning.LOGIN_WANTED, NotFound),
        (f"{READING}401 Unauthorized", without_login, Meaning.LOGIN_WANTED, NotFound),
        (f"{READING}401 Unauthorized", with_login, Meaning.REFUSED, Unavailable),
        (f"{READING}403 Forbidden", with_login, Meaning.REFUSED, Unavailable),
        (f"{READING}403 Forbidden", without_login, Meaning.OUTAGE, Unavailable),
        (f"{LS}remote: Invalid username\n\tfatal: Authentication failed for 'https://{M}.git/'", with_login,
         Meaning.REFUSED, Unavailable),
        (f"{LS}git@git.example.com: Permission denied (publickey).\n\tfatal: Could not read from remote repository.",
         with_login, Meaning.REFUSED, Unavailable),
        (f"{LS}Host key verification failed.\n\tfatal: Could not read from remote repository.", with_login,
         Meaning.REFUSED, Unavailable),
        (f"{IMPORT}GOVCS disallows using svn for public {M}; see 'go help vcs'", with_login, Meaning.FORBIDDEN, Denied),
    ],
)  # fmt: skip
def test_access(said: str, has_login: object, meaning: Meaning, kind: type[SourceError]) -> None:
    cause, error = explain_failure(TARGET, said, with_login if has_login is with_login else without_login)
    assert (cause.meaning, type(error)) == (meaning, kind)
    assert ("upstream.credentials" in error.reason) is (meaning in (Meaning.LOGIN_WANTED, Meaning.REFUSED))


def test_other_systems_than_git_prove_nothing_about_versions() -> None:
    said = f"{M}@v1.0.0: invalid version: unknown revision v1.0.0"
    assert find_cause(TARGET, said, with_login, from_git=False).meaning is Meaning.OUTAGE
    assert find_cause(TARGET, f"{READING}404 Not Found", with_login, from_git=False).meaning is Meaning.ABSENT


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (f"go: {M}@v1.0.0: invalid version: {LS}fatal: repository 'https://{M}.git/' not found",
         f"git ls-remote: fatal: repository 'https://{M}.git/' not found"),
        (f"go: {M}@v1.0.0: git init --bare in /x/vcs/04: signal: file size limit exceeded",
         "git init: signal: file size limit exceeded"),
        (f"go: {M}@v1.0.0: invalid version: {LS}@@@@@@\n\t@ WARNING @\n\tHost key verification failed.\n\tfatal: x",
         "git ls-remote: Host key verification failed."),
        (f"go: {READING}429 Too Many Requests", f"{IMPORT}reading https://{M}: 429 Too Many Requests"),
    ],
)  # fmt: skip
def test_words(said: str, words: str) -> None:
    assert find_cause(TARGET, said, without_login).words == words


def test_words_lose_their_logins_and_their_length() -> None:
    said = f"{LS}fatal: https://me:secret@git.example.com/m.git?token=x\n\t" + "\n\t".join(
        f"fatal: {n}" for n in range(20)
    )
    reason = explain_failure(TARGET, said, without_login)[1].reason
    assert "secret" not in reason
    assert "token" not in reason
    assert "https://git.example.com/m.git" in reason
    assert len(reason.splitlines()) == 4
    assert len(explain_failure(TARGET, "x" * 10_000, without_login)[1].reason) < 400
