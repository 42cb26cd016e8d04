"""What is wrong with the credentials of a go command: GOAUTH, the netrc file, logins in GOPROXY. Pure."""

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from urllib.parse import urlsplit

from goproxy_operator.go_env.finding import Finding, NetrcFile, Surroundings, Weight, wrong
from goproxy_operator.go_env.goauth import GoAuthError, ways_of
from goproxy_operator.go_env.leaks import same_place
from goproxy_operator.go_env.settings import GoEnv
from modproxy.contract.report_fields import plain_text
from modproxy.mod.chain import ChainError, parse_chain
from modproxy.mod.netrc import login_for, parse_netrc


def credential_findings(env: GoEnv, around: Surroundings) -> Iterator[Finding]:
    """Judge how go gets a credential."""
    try:
        chain = parse_chain(env.value("GOPROXY"))
    except ChainError:
        chain = ()
    for one in chain:
        if one.login and one.url.startswith("http://"):
            yield Finding(
                "login-over-http",
                Weight.WRONG,
                f"GOPROXY has a login for {one.url}, and go sends none over plain http",
                "write https://, or take the login out of the URL",
            )
        elif one.login:
            yield Finding(
                "login-in-goproxy",
                Weight.WORTH_A_LOOK,
                f"GOPROXY has the login for {one.url} in it, which logs, process lists and `go env` show",
                "put it into the netrc file, or use GOAUTH",
            )
    ways = [one.strip() for one in env.value("GOAUTH").split(";") if one.strip()]
    try:
        ways_of(env.value("GOAUTH") or "netrc")
    except GoAuthError as e:
        yield wrong(
            "goauth-malformed", f"GOAUTH has {e}: go gets no credential", "correct GOAUTH: see `go help goauth`"
        )
    for program in around.missing_programs:
        yield Finding(
            "goauth-missing",
            Weight.WRONG,
            f"GOAUTH runs {plain_text(program)}, which is not on the PATH",
            "install it, or write its whole path into GOAUTH",
        )
    missing = {PurePath(one).name for one in around.missing_programs}
    for given in around.given:
        if given.problem and given.way not in missing:
            yield Finding(
                "goauth-fails",
                Weight.WRONG if around.wants_login else Weight.WORTH_A_LOOK,
                f"GOAUTH runs {given.way}, which gives no credential: {given.problem}; go itself does not tell",
                "run the command of GOAUTH by hand, and compare with `go help goauth`",
            )
    netrc = around.netrc
    if netrc is not None and "netrc" in ways:
        yield from _netrc(netrc)
    if (
        around.fleet is not None
        and around.wants_login
        and not any(o.login and same_place(o.url, around.fleet) for o in chain)
    ):
        yield from _no_login(ways, around.fleet, netrc)
        if around.is_logged_in and not any(one.gives for one in around.given):
            yield wrong(
                "goauth-lacks-login",
                f"`goproxy-operator login` has a token for {around.fleet}, and GOAUTH runs nothing that gives it to go",
                f"go env -w GOAUTH='netrc; goproxy-operator goauth {around.fleet}'",
            )


def _netrc(netrc: NetrcFile) -> Iterator[Finding]:
    if netrc.unreadable:
        yield Finding(
            "netrc-unreadable",
            Weight.WORTH_A_LOOK,
            f"{netrc.path}: {netrc.unreadable}",
            f"make it yours: chown, and chmod 600 {netrc.path}",
        )
    if netrc.text is None:
        return
    if netrc.mode & 0o077:
        yield Finding(
            "netrc-open",
            Weight.WORTH_A_LOOK,
            f"{netrc.path} has mode {netrc.mode & 0o777:04o}: other users may read its passwords",
            f"chmod 600 {netrc.path}",
        )
    if netrc.text.strip() and not parse_netrc(netrc.text):
        yield Finding(
            "netrc-empty",
            Weight.WORTH_A_LOOK,
            f"{netrc.path} has no entry that go can use",
            "write machine, login and password of each server, each word with its value on one line",
        )


def _no_login(ways: Sequence[str], fleet: str, netrc: NetrcFile | None) -> Iterator[Finding]:
    host = urlsplit(fleet).netloc
    if urlsplit(fleet).scheme != "https":
        yield Finding(
            "login-over-http",
            Weight.WRONG,
            f"{fleet} wants a login, and go sends none over plain http",
            "give the fleet TLS (spec.tls), and write https://",
        )
    elif ways == ["off"]:
        yield Finding(
            "goauth-off",
            Weight.WRONG,
            "GOAUTH=off: go sends no credential, and the fleet wants one",
            "`go env -u GOAUTH`, or set it to a command",
        )
    elif ways == ["netrc"] and login_for(parse_netrc((netrc and netrc.text) or ""), fleet) is None:
        where = netrc.path if netrc else "the netrc file"
        yield Finding(
            "netrc-lacks-fleet",
            Weight.WRONG,
            f"{where} has no login for {host}, and the fleet wants one",
            f"write `machine {host} login NAME password TOKEN` into it, mode 0600; or use "
            f"`goproxy-operator login {fleet}`",
        )
