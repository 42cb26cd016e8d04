"""Which licences refuse a version."""

from typing import Any

import pytest

from modproxy.contract.config import LicensesConfig, PolicyMode
from modproxy.policy.licenses import UNKNOWN, LicenseRule


@pytest.mark.parametrize(
    ("config", "found", "rule"),
    [
        ({}, ("GPL-3.0",), None),
        ({"allow": ["MIT"]}, ("MIT",), None),
        ({"allow": ["mit"]}, ("MIT",), None),
        ({"allow": ["MIT"]}, ("Apache-2.0", "MIT"), "allow does not have Apache-2.0"),  # each has to be allowed
        ({"allow": ["MIT"], "deny": ["MIT"]}, ("MIT",), "deny has MIT"),
        ({"deny": ["GPL-3.0-only"]}, ("GPL-3.0",), "deny has GPL-3.0"),
        ({"deny": ["GPL-3.0-or-later"]}, ("GPL-3.0",), "deny has GPL-3.0"),
        ({"deny": ["GPL-3.0"]}, ("LGPL-3.0",), None),
        ({"allow": ["MIT"]}, (UNKNOWN,), None),
        ({"allow": ["MIT"]}, (), None),
        ({"unknown": "Deny"}, (), "unknown is Deny"),
        ({"unknown": "Deny"}, ("MIT", UNKNOWN), "unknown is Deny"),
        ({"unknown": "Deny"}, ("MIT",), None),
    ],
)
def test_which_licences_are_refused(config: dict[str, Any], found: tuple[str, ...], rule: str | None) -> None:
    said = LicenseRule(LicensesConfig.model_validate(config), PolicyMode.ENFORCE).refuse(found)
    assert (said is None) == (rule is None)
    assert rule is None or (said is not None and rule in said)
