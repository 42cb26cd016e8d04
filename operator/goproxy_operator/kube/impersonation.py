"""Acting as somebody else, as a kubeconfig says with `as`. Pure.

Source: `ImpersonationConfig` of client-go's transport, and "User impersonation" of Kubernetes' documentation.
"""

from collections.abc import Mapping
from typing import Any

from goproxy_operator.kube.credentials import AccessError

_LEGAL = frozenset(b"!#$&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
"""What may be in a header's name as it is; % is escaped, too, so that it can be told from an escape."""


def impersonation(user: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the headers by which a user of a kubeconfig acts as another. Raises `AccessError`."""
    name, uid = user.get("as") or "", user.get("as-uid") or ""
    groups, extra = user.get("as-groups") or [], user.get("as-user-extra") or {}
    if not name:
        if uid or groups or extra:
            raise AccessError("it names as-uid, as-groups or as-user-extra without as: say with as which user is meant")
        return ()
    if not isinstance(groups, list) or not isinstance(extra, Mapping):
        raise AccessError("as-groups has to be a list, and as-user-extra a list for each key")
    headers = [("Impersonate-User", name)]
    headers += [("Impersonate-Uid", uid)] if uid else []
    headers += [("Impersonate-Group", group) for group in groups]
    for key, values in extra.items():
        if not isinstance(values, list):
            raise AccessError("as-user-extra has to be a list for each key")
        headers += [(f"Impersonate-Extra-{_escaped(str(key))}", value) for value in values]
    if bad := next((value for _, value in headers if not isinstance(value, str) or not value.isprintable()), None):
        raise AccessError(f"{bad!r}, as whom to act, is no text of one line")
    return tuple(headers)


def _escaped(key: str) -> str:
    return "".join(chr(byte) if byte in _LEGAL else f"%{byte:02X}" for byte in key.encode())
