"""Whether what a fleet writes of a rule about versions demands no less than its class's defaults do. Pure.

A class that says nothing of a rule leaves the rule to the fleet.
"""

from collections.abc import Mapping
from typing import Any

from modproxy.contract.config import PolicyMode, Widening
from modproxy.contract.duration import parse_duration

Modules = Mapping[str, Any]
"""`modules` of the class's defaults."""


def minimum_age(own: Any, default: Any, _modules: Modules) -> bool:
    """A longer age is stricter."""
    try:
        return default is None or parse_duration(str(own)) >= parse_duration(str(default))
    except ValueError:
        return False


def no_exclusion(own: Any, default: Any, modules: Modules) -> bool:
    """Where the class has an age, a fleet may leave out exclusions, and add none."""
    return not modules.get("minimumAge") or _no_more(own, default)


def no_exception(own: Any, default: Any, modules: Modules) -> bool:
    """Where the class denies vulnerable versions, a fleet may leave out exceptions, and add none."""
    return not modules.get("denyVulnerable") or _no_more(own, default)


def deny_vulnerable(own: Any, default: Any, _modules: Modules) -> bool:
    """To deny is stricter."""
    return own is True or default is not True


def widening(own: Any, default: Any, _modules: Modules) -> bool:
    """To deny is stricter."""
    return bool(own == Widening.DENY or default != Widening.DENY)


def mode(own: Any, _default: Any, modules: Modules) -> bool:
    """A dry run of all rules is one of those that the class asks for."""
    asked = modules.get("minimumAge") or modules.get("denyVulnerable") or _enforced_licenses(modules)
    return own == PolicyMode.ENFORCE or not asked


def age_mode(own: Any, _default: Any, modules: Modules) -> bool:
    """A dry run is weaker."""
    return own == PolicyMode.ENFORCE or not modules.get("minimumAge")


def vulnerability_mode(own: Any, _default: Any, modules: Modules) -> bool:
    """A dry run is weaker."""
    return own == PolicyMode.ENFORCE or not modules.get("denyVulnerable")


def licenses_allowed(own: Any, default: Any, _modules: Modules) -> bool:
    """Fewer licences are stricter; an empty list allows all."""
    return not default or (bool(own) and _no_more(own, default))


def licenses_denied(own: Any, default: Any, _modules: Modules) -> bool:
    """More licences are stricter."""
    return isinstance(own, list | tuple) and all(entry in own for entry in default or ())


def license_mode(own: Any, _default: Any, modules: Modules) -> bool:
    """A dry run is weaker than what the class enforces."""
    return own == PolicyMode.ENFORCE or not _enforced_licenses(modules)


def _enforced_licenses(modules: Modules) -> bool:
    return bool((modules.get("licenses") or {}).get("mode") == PolicyMode.ENFORCE)


def _no_more(own: Any, default: Any) -> bool:
    return isinstance(own, list | tuple) and all(entry in (default or ()) for entry in own)
