"""The principal that an authenticating proxy in front of the fleet names in headers. Pure.

The headers count only on a connection from one of the proxy's addresses that carries the shared secret too. On every
other connection they are what a client wrote, and are not looked at.
"""

import hmac

from modproxy.contract.config.access import TrustedProxyConfig
from modproxy.identity.addresses import Network, is_within, parse_peer
from modproxy.identity.names import UnfitName, check_groups, check_name
from modproxy.identity.presented import BadCredential, Presented
from modproxy.identity.principal import AuthMethod, Principal


def may_be_proxy(peer: str, ranges: tuple[Network, ...]) -> bool:
    """Say whether a connection comes from an address of the proxy."""
    return is_within(parse_peer(peer), ranges)


def named_by_proxy(presented: Presented, config: TrustedProxyConfig, secret: str | None) -> Principal | None:
    """Return the principal that the proxy names; None when it names none, or when the secret is not the proxy's.

    The caller has checked `may_be_proxy`. Without a `secret` nobody is the proxy. Raises `BadCredential` for names that
    may not be taken, and for a header that came twice: one of the two is the client's.
    """
    sent = presented.headers.getall(config.secret_header, [])
    if not secret or len(sent) != 1:
        return None
    if not hmac.compare_digest(sent[0].encode(errors="surrogateescape"), secret.encode()):
        return None
    users = presented.headers.getall(config.user_header, [])
    groups = presented.headers.getall(config.groups_header, [])
    if len(users) > 1 or len(groups) > 1:
        raise BadCredential("the trusted proxy passed on a header that it should replace")
    if not users or not users[0].strip():
        return None
    names = [word for part in groups for name in part.split(",") if (word := name.strip())]
    try:
        name = check_name(users[0].strip(), "the trusted proxy's user")
        return Principal(name, check_groups(names, "the trusted proxy's user"), method=AuthMethod.TRUSTED_PROXY)
    except UnfitName as e:
        raise BadCredential(str(e)) from None
