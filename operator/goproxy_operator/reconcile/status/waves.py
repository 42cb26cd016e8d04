"""Waves of refusals and of failed logins, told as Events: somebody is locked out, or tries passwords. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

_MANY = 100
"""Refusals of one kind in ten minutes, over the fleet: more than a few developers cause by mistake."""
_FAILED_LOGINS = (
    "ManyFailedLogins",
    "many credentials of the last ten minutes were not good: look into the audit log for their addresses; a credential "
    "may have expired, or somebody tries passwords",
)
_REFUSED = {
    "class": "what the GoProxyClass imposes",
    "access": "the rules of access",
    "modules": "modules.allow and modules.deny",
    "vulnerabilities": "modules.denyVulnerable",
    "age": "modules.minimumAge",
    "licenses": "modules.licenses",
}


def waves(status: Mapping[str, Any], previous: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield reason and message of each wave that has begun. The messages hold no figure: they are one Event."""
    before = _counts(previous)
    for kind, count in _counts(status).items():
        if count < _MANY or before.get(kind, 0) >= _MANY:
            continue
        if kind == "identity":
            yield _FAILED_LOGINS
        else:
            yield (
                "ManyRefusals",
                f"many requests of the last ten minutes were refused by {_REFUSED.get(kind, kind)}: a build may need "
                "what is not allowed; the audit log and the replicas' logs name the modules",
            )


def _counts(status: Mapping[str, Any]) -> dict[str, int]:
    return {one["rule"]: one["count"] for one in status.get("refusals", ())}
