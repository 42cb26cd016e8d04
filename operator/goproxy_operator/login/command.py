"""`goproxy-operator login` and `goproxy-operator goauth`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path

from goproxy_operator.login.device_flow import LoginError, Prompt
from goproxy_operator.login.goauth_protocol import concerns, fleet_url, read_question, write_answer
from goproxy_operator.login.token_file import StoredToken, TokenFile, TokenFileError, tokens_folder

_LEAST_LIFE = 120.0
"""Seconds that a token is good at least when a go command begins: most commands end sooner, and a 401 renews it."""

_LOGIN_HELP = """\
Get a token for a fleet, which `goproxy-operator goauth` gives to the go command.

examples:
  goproxy-operator login https://goproxy.example.com --issuer https://sso.example.com --client-id goproxy
      a person: open the address that is shown, and enter the code (RFC 8628)
  goproxy-operator login https://goproxy.example.com --issuer https://sso.example.com --client-id ci \\
    --client-secret-file /run/secrets/ci
      a CI job: client credentials (RFC 6749, section 4.4)
then, with go 1.24 or later:
  go env -w GOPROXY=https://goproxy.example.com 'GOAUTH=goproxy-operator goauth https://goproxy.example.com;netrc'
"""
_LOGOUT_HELP = """\
Remove the token for a fleet from this machine. The issuer is not told: a copy of the token is good until it expires.

  goproxy-operator logout https://goproxy.example.com
"""
_GOAUTH_HELP = """\
Answer the go command, which asks for a credential (`go help goauth`). Nobody has to run this by hand, except to find
out why go is refused: go itself hides what this writes to standard error.

  go env -w 'GOAUTH=goproxy-operator goauth https://goproxy.example.com;netrc'
"""


def _add_login_arguments(parser: argparse.ArgumentParser) -> None:
    _add_fleet(parser)
    parser.add_argument("--issuer", required=True, metavar="URL", help="the OpenID provider, as the fleet names it")
    parser.add_argument("--client-id", required=True, metavar="ID", help="the client that is registered there")
    parser.add_argument("--client-secret-file", type=Path, metavar="FILE", help="its secret: then no person is asked")
    parser.add_argument("--scope", default="openid offline_access", help="the scopes to ask for (default: %(default)s)")
    parser.add_argument("--audience", default="", metavar="TEXT", help="sent as audience, where the provider wants one")
    parser.add_argument("--resource", default="", metavar="URL", help="sent as resource (RFC 8707), where it wants one")


def _add_fleet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "fleet", metavar="URL", type=_fleet, help="the fleet, as GOPROXY names it: https://HOST, perhaps with a path"
    )


def _fleet(text: str) -> str:
    try:
        return fleet_url(text)
    except ValueError as e:
        raise argparse.ArgumentTypeError(str(e)) from None


def _add_goauth_arguments(parser: argparse.ArgumentParser) -> None:
    _add_fleet(parser)
    parser.add_argument("asked", nargs="?", metavar="ASKED", help="what go asked for; go adds it after a refusal")


def run(
    parser: argparse.ArgumentParser, commands: Mapping[str, argparse.ArgumentParser], arguments: Sequence[str]
) -> int:
    """Run `login`, `goauth` or `logout`. Returns the exit status."""
    _add_arguments(commands["login"], _add_login_arguments, _LOGIN_HELP)
    _add_arguments(commands["goauth"], _add_goauth_arguments, _GOAUTH_HELP)
    _add_arguments(commands["logout"], _add_fleet, _LOGOUT_HELP)
    read = parser.parse_args(arguments)
    if read.command == "login":
        return _run(_login(read))
    if read.command == "logout":
        return _run(_logout(read.fleet))
    head = "" if read.asked is None or sys.stdin.isatty() else sys.stdin.read(1 << 16)
    return _run(_goauth(read.fleet, read.asked, head))


def _add_arguments(parser: argparse.ArgumentParser, add: Callable[[argparse.ArgumentParser], None], words: str) -> None:
    parser.description = words
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add(parser)


def _run(work: Coroutine[object, object, None]) -> int:
    try:
        asyncio.run(work)
    except (LoginError, TokenFileError, ValueError) as e:
        print(f"goproxy-operator: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("goproxy-operator: stopped", file=sys.stderr)
        return 130
    return 0


async def _login(arguments: argparse.Namespace) -> None:
    import aiohttp  # noqa: PLC0415

    from goproxy_operator.login.issuer_client import IssuerClient, taken  # noqa: PLC0415

    secret = arguments.client_secret_file
    wanted = StoredToken(
        arguments.fleet, arguments.issuer, arguments.client_id, "",
        secret_file=str(secret.absolute()) if secret else None, scope=arguments.scope,
        audience=arguments.audience, resource=arguments.resource,
    )  # fmt: skip
    file = TokenFile(tokens_folder(), arguments.fleet)
    file.prepare()  # somebody logs in only where the token can be kept
    async with aiohttp.ClientSession(trust_env=True) as session:
        issuer = IssuerClient(session, arguments.issuer)
        await issuer.begin()
        if secret:
            token = await issuer.renew(wanted)
        else:
            token = taken(wanted, await issuer.device(wanted, _show), time.time())
    file.write(token)
    print(f"logged in to {arguments.fleet}", file=sys.stderr)


async def _logout(fleet: str) -> None:
    there = TokenFile(tokens_folder(), fleet).remove()
    print(f"logged out of {fleet}" if there else f"there is no token for {fleet}", file=sys.stderr)


def _show(prompt: Prompt) -> None:
    print(f"Open {prompt.whole_address or prompt.address}\nand enter the code {prompt.user_code}", file=sys.stderr)


async def _goauth(fleet: str, url: str | None, head: str) -> None:
    asked = read_question([url] if url is not None else [], head)
    if not concerns(asked, fleet):
        return
    file = TokenFile(tokens_folder(), fleet)
    token = file.read()
    if token is None:
        raise LoginError(f"there is no token for {fleet}: run goproxy-operator login {fleet} --help")
    if asked.refused or token.expires - time.time() < _LEAST_LIFE:
        token = await _renewed(file, token)
    print(write_answer(fleet, token.access), end="")


async def _renewed(file: TokenFile, seen: StoredToken) -> StoredToken:
    """Return a newer token than the one that was seen: that of another helper, which may run at once, or a new one."""
    # The libraries are loaded when they are needed, because the go command waits for each of its helpers.
    import aiohttp  # noqa: PLC0415

    from goproxy_operator.login.issuer_client import IssuerClient  # noqa: PLC0415

    with file.locked():
        token = file.read() or seen
        if token.access != seen.access:
            return token
        async with aiohttp.ClientSession(trust_env=True) as session:
            issuer = IssuerClient(session, token.issuer)
            await issuer.begin()
            token = await issuer.renew(token)
        file.write(token)
        return token
