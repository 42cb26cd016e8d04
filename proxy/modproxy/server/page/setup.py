"""The lines that a developer pastes, so that the go command uses this proxy. Pure.

Source: "Environment variables" of the Go Modules Reference, and `go help goauth`.
"""

import re
import shlex
from dataclasses import dataclass

from modproxy.contract.config import Verb
from modproxy.identity.principal import Principal
from modproxy.in_force import Rules

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_MOST_ISSUERS = 4
_MOST_PATTERNS = 64
"""Patterns of private modules in one line: a longer line is pasted badly."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Says how this proxy is reached, and what go has to be told."""

    url: str
    """As the browser has reached it, with the prefix."""
    unverified: tuple[str, ...] = ()
    """Patterns of modules that no checksum database knows."""
    wants_login: bool = False
    """Whether not everything is open to everybody."""
    passwords: bool = False
    issuers: tuple[str, ...] = ()
    """The OpenID providers that give tokens for it."""

    @property
    def host(self) -> str:
        """The host and the port, as .netrc wants them."""
        return self.url.partition("://")[2].partition("/")[0]

    @property
    def encrypted(self) -> bool:
        """Whether go sends a credential: it sends none over plain http."""
        return self.url.startswith("https://")


def setup_of(rules: Rules, principal: Principal, scheme: str, host: str) -> Setup:
    """Return what a principal has to paste. `scheme` and `host` are those of the request."""
    shown = host if _HOST.fullmatch(host) else "PROXY"
    access = rules.config.access
    hosted = rules.config.hosted.modules if rules.config.hosted is not None else ()
    patterns = dict.fromkeys((*rules.config.upstream.not_verified, *hosted))
    return Setup(
        f"{'https' if scheme == 'https' else 'http'}://{shown}{rules.prefix}",
        tuple(one for one in patterns if _may_know(one, rules, principal))[:_MOST_PATTERNS],
        wants_login=access is not None and not {Verb.READ, Verb.FETCH} <= set(access.anonymous),
        passwords=access is not None and access.basic is not None,
        issuers=tuple(one.issuer for one in access.oidc) if access is not None else (),
    )


def _may_know(pattern: str, rules: Rules, principal: Principal) -> bool:
    """Say whether a principal may learn a pattern, which names private modules."""
    return Verb.READ in rules.permissions.rights(principal, pattern)


def shells_of(setup: Setup) -> tuple[tuple[str, str], ...]:
    """Return the lines for each shell, with its name."""
    values = {"GOPROXY": setup.url}
    if setup.unverified:
        values["GONOSUMDB"] = ",".join(setup.unverified)
    return (
        ("Once, for every shell", "go env -w " + " ".join(shlex.quote(f"{k}={v}") for k, v in values.items())),
        ("bash, zsh", "\n".join(f"export {k}={shlex.quote(v)}" for k, v in values.items())),
        ("fish", "\n".join(f"set -gx {k} {_fish(v)}" for k, v in values.items())),
        ("PowerShell", "\n".join(f"$env:{k} = {_powershell(v)}" for k, v in values.items())),
    )


def logins_of(setup: Setup) -> tuple[tuple[str, str], ...]:
    """Return what proves to the proxy who asks, each with a title; nothing where everything is open."""
    if not setup.wants_login:
        return ()
    found = []
    if setup.passwords or not setup.issuers:
        found.append(("~/.netrc (mode 0600)", f"machine {setup.host}\nlogin NAME\npassword PASSWORD"))
    # The netrc file stays in use for other servers.
    goauth = shlex.quote(f"GOAUTH=goproxy-operator goauth {setup.url};netrc")
    for issuer in setup.issuers[:_MOST_ISSUERS]:
        login = f"goproxy-operator login {shlex.quote(setup.url)} --issuer {shlex.quote(issuer)} --client-id CLIENT"
        found.append(("A token, from go 1.24 on", f"{login}\ngo env -w {goauth}"))
    return tuple(found)


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
