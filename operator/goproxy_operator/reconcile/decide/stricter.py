"""Whether what a fleet writes of a rule about versions or about clients demands no less than its class's defaults do.
Pure.

A class that says nothing of a rule leaves the rule to the fleet.
"""

from collections.abc import Mapping
from typing import Any

from modproxy.contract.config import PolicyMode, Widening
from modproxy.contract.duration import parse_duration

Defaults = Mapping[str, Any]
"""The class's defaults, of which a field's own default is a part."""
_ANONYMOUS = "anonymous"
_UNAUTHENTICATED = "system:unauthenticated"
"""The name and the group of clients without a credential, as replicas call them."""


def _says_who_may(defaults: Defaults) -> bool:
    """Say whether the class's `access` is about clients, and not only about fleets that are children."""
    return bool((defaults.get("access") or {}).keys() - {"children"})


def anonymous(own: Any, default: Any, defaults: Defaults) -> bool:
    """Where the class says who may do what, a fleet may let anonymous clients do less, and no more."""
    return not _says_who_may(defaults) or _no_more(own, default)


def users(own: Any, _default: Any, defaults: Defaults) -> bool:
    """Where the class says who may do what, a rule of a fleet is for those who prove who they are."""
    return not _says_who_may(defaults) or _ANONYMOUS not in own


def groups(own: Any, _default: Any, defaults: Defaults) -> bool:
    """Where the class says who may do what, a rule of a fleet is for those who prove who they are."""
    return not _says_who_may(defaults) or _UNAUTHENTICATED not in own


def children(own: Any, default: Any, defaults: Defaults) -> bool:
    """Where the class says who may do what, which fleets may read everything as children is the class's to say."""
    return not _says_who_may(defaults) or own == default


def minimum_age(own: Any, default: Any, _defaults: Defaults) -> bool:
    """A longer age is stricter."""
    try:
        return default is None or parse_duration(str(own)) >= parse_duration(str(default))
    except ValueError:
        return False


def no_exclusion(own: Any, default: Any, defaults: Defaults) -> bool:
    """Where the class has an age, a fleet may leave out exclusions, and add none."""
    return not _modules(defaults).get("minimumAge") or _no_more(own, default)


def no_exception(own: Any, default: Any, defaults: Defaults) -> bool:
    """Where the class denies vulnerable versions, a fleet may leave out exceptions, and add none."""
    return not _modules(defaults).get("denyVulnerable") or _no_more(own, default)


def deny_vulnerable(own: Any, default: Any, _defaults: Defaults) -> bool:
    """To deny is stricter."""
    return own is True or default is not True


def widening(own: Any, default: Any, _defaults: Defaults) -> bool:
    """To deny is stricter."""
    return bool(own == Widening.DENY or default != Widening.DENY)


def mode(own: Any, _default: Any, defaults: Defaults) -> bool:
    """A dry run of all rules is one of those that the class asks for."""
    asked = (
        _modules(defaults).get("minimumAge") or _modules(defaults).get("denyVulnerable") or _enforced_licenses(defaults)
    )
    return own == PolicyMode.ENFORCE or not asked


def age_mode(own: Any, _default: Any, defaults: Defaults) -> bool:
    """A dry run is weaker."""
    return own == PolicyMode.ENFORCE or not _modules(defaults).get("minimumAge")


def vulnerability_mode(own: Any, _default: Any, defaults: Defaults) -> bool:
    """A dry run is weaker."""
    return own == PolicyMode.ENFORCE or not _modules(defaults).get("denyVulnerable")


def licenses_allowed(own: Any, default: Any, _defaults: Defaults) -> bool:
    """Fewer licences are stricter; an empty list allows all."""
    return not default or (bool(own) and _no_more(own, default))


def licenses_denied(own: Any, default: Any, _defaults: Defaults) -> bool:
    """More licences are stricter."""
    return isinstance(own, list | tuple) and all(entry in own for entry in default or ())


def license_mode(own: Any, _default: Any, defaults: Defaults) -> bool:
    """A dry run is weaker than what the class enforces."""
    return own == PolicyMode.ENFORCE or not _enforced_licenses(defaults)


def _enforced_licenses(defaults: Defaults) -> bool:
    return bool((_modules(defaults).get("licenses") or {}).get("mode") == PolicyMode.ENFORCE)


def _modules(defaults: Defaults) -> Mapping[str, Any]:
    return defaults.get("modules") or {}


def _no_more(own: Any, default: Any) -> bool:
    return isinstance(own, list | tuple) and all(entry in (default or ()) for entry in own)
