"""Whether a version may be served by the licences in its zip. Pure.

Every licence that was found has to be allowed: a zip with two licence files may be under both, and which of them may
be chosen is written in prose that no program reads.
"""

from collections.abc import Sequence

from modproxy.contract.config import LicensesConfig, PolicyMode, Widening

UNKNOWN = "unknown"
"""Stands for a licence file whose text is that of no known licence, and for a zip without any licence file."""


class LicenseRule:
    """Decides by one config. SPDX identifiers are compared without their case (SPDX 2.3, annex D).

    The text of a licence does not say whether later versions may be chosen, so `-only` and `-or-later` mean nothing.
    """

    def __init__(self, config: LicensesConfig, mode: PolicyMode) -> None:
        self.mode = mode
        self._allow = frozenset(map(_base, config.allow))
        self._deny = frozenset(map(_base, config.deny))
        self._unknown = config.unknown

    def refuse(self, found: Sequence[str]) -> str | None:
        """Return why a version with these licences may not be served; None when it may. Nothing found is unknown."""
        for one in found or (UNKNOWN,):
            if one == UNKNOWN:
                if self._unknown is Widening.DENY:
                    return "modules.licenses.unknown is Deny, and no known licence was found"
            elif _base(one) in self._deny:
                return f"modules.licenses.deny has {one}"
            elif self._allow and _base(one) not in self._allow:
                return f"modules.licenses.allow does not have {one}"
        return None


def _base(name: str) -> str:
    return name.lower().removesuffix("-only").removesuffix("-or-later").removesuffix("+")
