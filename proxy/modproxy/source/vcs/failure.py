"""What a failure of the go command means: an absence, a refused access, or an outage. Pure.

The go command tells these apart in text only, so the rules below name phrases, and for each phrase the program that
prints it. The order of the rules matters: refused access comes first, then an outage, then an absence. A failure that
no rule matches counts as an outage, because the go command goes on to its next proxy after an absence and stops at an
outage.

Sources: cmd/go/internal/modfetch and its codehost (versions and repositories), cmd/go/internal/vcs (import paths),
cmd/go/internal/web (`HTTPError`), the net, net/http and crypto/x509 packages of Go, and git 2.39's remote-curl.c,
http.c, connect.c and credential.c; ssh is OpenSSH 9.
"""

import re

from modproxy.mod.target import Target
from modproxy.source.protocol import NotFound, SourceError, Unavailable

_REASON_LINES = 6
"""How many lines of the go command's output are passed on. The lines after them rarely help developers."""
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")


def _phrases(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_NO_LOGIN = _phrases(
    r"could not read Username",  # git, credential.c: the host asks for a login, and there is nobody to ask
    r"terminal prompts disabled",  # git, prompt.c: the same, with GIT_TERMINAL_PROMPT=0
)
_ACCESS_REFUSED = _phrases(
    r"Authentication failed",  # git, remote-curl.c: the login was tried and is not taken
    r"Permission denied",  # OpenSSH: no key is taken
    r"Host key verification failed",  # OpenSSH: the host's key is another than known_hosts has
    r"\b40[13]\b",  # cmd/go, web.HTTPError: "reading URL: 403 Forbidden"
    r"returned error: 40[13]",  # git, http.c, by way of curl
)
_OUTAGE = _phrases(
    r"dial tcp",  # net.OpError
    r"connection refused",  # the system's ECONNREFUSED
    r"connection reset",  # ECONNRESET
    r"i/o timeout",  # os.ErrDeadlineExceeded
    r"TLS handshake",  # net/http: "TLS handshake timeout"
    r"timed out",  # ETIMEDOUT, curl, OpenSSH
    r"Could not resolve host",  # curl
    r"Failed to connect",  # curl
    r"server misbehaving",  # net.DNSError
    r"no such host",  # net.DNSError
    r"unexpected EOF",  # io.ErrUnexpectedEOF
    r"50[0-9] ",  # cmd/go, web.HTTPError: "503 Service Unavailable"
    r"early EOF",  # git, index-pack.c
    r"hung up unexpectedly",  # git, pkt-line.c: "the remote end hung up unexpectedly"
    r"Temporary failure",  # getaddrinfo's EAI_AGAIN, as curl and OpenSSH print it
    r"Connection closed",  # OpenSSH
    r"x509:",  # crypto/x509
    r"certificate",  # curl and OpenSSL
)
_ABSENT = _phrases(
    r"unknown revision",  # codehost.UnknownRevisionError
    r"invalid version:",  # module.InvalidVersionError: the version is none of the module's
    r"no matching versions",  # modload.NoMatchingVersionError
    r"404 Not Found",  # web.HTTPError
    r"410 Gone",  # web.HTTPError
    r"does not contain package",  # modload.PackageNotInModuleError
    r"[Rr]epository not found",  # hosts' own words over git, and vcs
    r"repository .* not found",  # git, remote-curl.c: "repository 'URL' not found"
    r"not a known revision",  # codehost, of other systems than git
    r"could not find",  # codehost, of other systems than git
    r"missing go-import",  # older go commands
    r"no go-import meta tags",  # vcs.metaImportsForPrefix
    r"unrecognized import path",  # vcs.repoRootForImportPath
    r"is not a valid",  # git: "'REF' is not a valid object name"
    r"does not appear to be a git repository",  # git, upload-pack over ssh
)


def explain_failure(target: Target, said: str, had_credentials: bool) -> SourceError:
    """Make the error that has the meaning of what the go command printed (`said`).

    Hosts ask for a login both for repositories that do not exist and for private ones. Without credentials this counts
    as an absence, so that the client's go command goes on to its next proxy. With credentials it counts as an outage,
    because the keepers of the fleet must learn of it.
    """
    lines = [line.strip() for line in _USERINFO.sub("", said).splitlines() if line.strip()]
    reason = f"{target}: version control: " + (
        "\n".join(lines[:_REASON_LINES]) or "the go command failed without a word"
    )
    if _NO_LOGIN.search(said) and not had_credentials:
        return NotFound(f"{reason}\nIf it exists, the fleet needs credentials for it: upstream.credentials")
    if _ACCESS_REFUSED.search(said) or _NO_LOGIN.search(said):
        return Unavailable(f"{reason}\nThe fleet's credentials for it are refused: see upstream.credentials")
    if _OUTAGE.search(said):
        return Unavailable(reason, 502)
    if _ABSENT.search(said):
        return NotFound(reason)
    return Unavailable(reason, 502)
