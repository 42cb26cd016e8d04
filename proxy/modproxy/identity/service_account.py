"""The principal that a Kubernetes service account's token describes. Pure.

Names and groups are those that Kubernetes itself gives (`k8s.io/apiserver/pkg/authentication/serviceaccount`).
"""

import re

from modproxy.identity.presented import BadCredential
from modproxy.identity.principal import AuthMethod, Principal
from modproxy.identity.token import Claims

_SUBJECT = re.compile(
    r"system:serviceaccount:([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)", re.ASCII
)
"""Namespaces are DNS labels, service accounts are DNS subdomains."""
_ALL = "system:serviceaccounts"


def service_account_of(claims: Claims) -> Principal:
    """Return the principal of verified claims. Raises `BadCredential`."""
    subject = claims.get("sub")
    found = _SUBJECT.fullmatch(subject) if isinstance(subject, str) else None
    if found is None:
        raise BadCredential("the token's sub names no service account")
    return Principal(found[0], frozenset({_ALL, f"{_ALL}:{found[1]}"}), method=AuthMethod.SERVICE_ACCOUNT)
