"""Which names of users, groups and scopes are taken from a credential, whatever proves the credential. Pure."""

from modproxy.quoting import quoted

MOST_NAME = 256
"""Characters of a name: what an e-mail address or a distinguished name needs."""
MOST_GROUPS = 512
"""Groups of one principal: more than twice the 200 that the largest directories put into a token."""
MOST_SCOPES = 64
"""Scopes of one token: more than APIs define."""
RESERVED_PREFIX = "system:"
"""Kubernetes' own names begin so (for example `system:serviceaccount:NS:NAME`), and only service accounts have them."""
_ANONYMOUS = "anonymous"
"""The name of those who prove nothing, in rules and in the audit."""


class UnfitName(ValueError):
    """A name may not be taken; the message says which kind of name and why."""


def check_name(name: str, what: str) -> str:
    """Return a user's or a group's name if it may be taken. `what` says in the message what the name is of.

    Raises `UnfitName`.
    """
    if not name or name != name.strip():
        raise UnfitName(f"{what} is empty, or has spaces around it")
    if len(name) > MOST_NAME:
        raise UnfitName(f"{what} has more than {MOST_NAME} characters")
    if not name.isprintable():
        raise UnfitName(f"{what} has characters that cannot be printed")
    if name.startswith(RESERVED_PREFIX):
        raise UnfitName(f"{what} is {quoted(name)}: only service accounts have names that begin with system:")
    if name == _ANONYMOUS:
        raise UnfitName(f"{what} is anonymous, which is the name of those without a credential")
    return name


def check_groups(names: list[str], what: str) -> frozenset[str]:
    """Return the names of groups if each of them may be taken, and if they are not too many. Raises `UnfitName`."""
    if len(names) > MOST_GROUPS:
        raise UnfitName(f"{what} has more than {MOST_GROUPS} groups")
    return frozenset(check_name(name, f"a group of {what}") for name in names)
