"""With which credential a fleet is asked: the first that there is of several that the user may have left.

1. the file that an argument names, whose text is sent as a bearer token;
2. the login in the URL, as GOPROXY may have one;
3. the token of `goproxy-operator login`;
4. the netrc file, as for the go command.
"""

import base64
import os
import re
import time
from pathlib import Path

from goproxy_operator.client.failure import ClientError, UsageError
from goproxy_operator.login.token_file import TokenFile, TokenFileError, tokens_folder
from modproxy.mod.login import UrlLogin
from modproxy.mod.netrc import login_for, parse_netrc

_LARGEST_TOKEN = 16 << 10
"""In bytes: fleets take no longer one."""
_LARGEST_NETRC = 1 << 20
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+", re.ASCII)
"""The characters of a bearer token (RFC 6750, section 2.1)."""


def authorization(url: str, login: UrlLogin | None, token_file: Path | None) -> str | None:
    """Return the Authorization header for the fleet with this URL; None where there is no credential.

    Raises `ClientError`.
    """
    if token_file is not None:
        return f"Bearer {_read_token(token_file)}"
    login = login or None
    if login is None:
        if (token := _stored_token(url)) is not None:
            return f"Bearer {token}"
        login = _from_netrc(url)
    if login is None:
        return None
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


def _read_token(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            text = opened.read(_LARGEST_TOKEN + 1).decode("ascii", "replace").strip()
    except OSError as e:
        raise UsageError(f"--token-file {file}: {e.strerror}") from None
    if not _TOKEN.fullmatch(text) or len(text) > _LARGEST_TOKEN:
        raise UsageError(f"--token-file {file}: it holds no bearer token: write the token alone into it, on one line")
    return text


def _stored_token(url: str) -> str | None:
    try:
        token = TokenFile(tokens_folder(), url).read()
    except TokenFileError as e:
        raise ClientError(str(e)) from None
    if token is None:
        return None
    if token.expires and token.expires <= time.time():
        raise ClientError(f"the token for {url} has expired: run goproxy-operator goauth {url}, which renews it")
    return token.access


def _from_netrc(url: str) -> UrlLogin | None:
    """Return the login of the netrc file, where the go command looks for that file too."""
    named = os.environ.get("NETRC")
    file = Path(named) if named else Path.home() / ".netrc"
    try:
        with file.open("rb") as opened:
            text = opened.read(_LARGEST_NETRC).decode(errors="replace")
    except OSError:
        return None
    return login_for(parse_netrc(text), url)
