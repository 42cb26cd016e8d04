"""Which credential the go command would send to a fleet, and whether it may be sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from goproxy_operator.client.arguments import FleetUrl
from goproxy_operator.client.credential import authorization
from goproxy_operator.client.failure import ClientError
from goproxy_operator.go_env.finding import Finding, wrong
from goproxy_operator.go_env.goauth import Given
from goproxy_operator.go_env.goauth_run import given_for
from goproxy_operator.go_env.machine import read_netrc
from goproxy_operator.go_env.settings import GoEnv
from goproxy_operator.login.token_file import TokenFile, TokenFileError, tokens_folder
from modproxy.contract.report_fields import plain_text

_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Credential:
    """What is sent, and by whom it is given."""

    header: str | None = field(default=None, repr=False)
    given: Sequence[Given] = ()
    """What each way of GOAUTH has given."""
    is_logged_in: bool = False
    """Whether `goproxy-operator login` has a token."""
    findings: Sequence[Finding] = ()


async def credential_for(fleet: FleetUrl, env: GoEnv, token_file: Path | None, *, run_goauth: bool) -> Credential:
    """Return what go would send: the login of the URL, or what GOAUTH gives first; over https alone.

    A token file takes their place. Over plain http it is sent to this machine only. Raises `UsageError` for a file
    that has no token.
    """
    parts = urlsplit(fleet.url)
    if token_file is not None:
        header = authorization(fleet.url, None, token_file)
        if parts.scheme == "https" or parts.hostname in _THIS_MACHINE:
            return Credential(header)
        text = f"{fleet.url} is not https: the token is not sent there, as everybody on the way could read it"
        return Credential(findings=[wrong("token-over-http", text, "write https://; go sends its own over https only")])
    if parts.scheme != "https":
        return Credential()
    logged_in, findings = _is_logged_in(fleet.url)
    given = await given_for(env.value("GOAUTH") or "netrc", fleet.url, read_netrc()) if run_goauth else []
    header = next((one.header for one in given if one.header is not None), None)
    if fleet.login is not None:
        header = authorization(fleet.url, fleet.login, None)
    return Credential(header, given, logged_in, findings)


def _is_logged_in(url: str) -> tuple[bool, list[Finding]]:
    try:
        return TokenFile(tokens_folder(), url).read() is not None, []
    except (TokenFileError, ClientError) as e:
        return False, [wrong("bad-credential", plain_text(str(e)), "`goproxy-operator login URL`")]
