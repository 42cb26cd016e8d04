"""Which modules may be served: a fleet's own patterns, and those that are imposed on it."""

import pytest

from modproxy.contract.config import ModulesConfig, PolicyMode
from modproxy.mod.path import check_path
from modproxy.policy.allowlist import Allowlist


@pytest.mark.parametrize(
    ("modules", "listed", "path", "rule"),
    [
        ({}, None, "example.com/m", None),
        ({"deny": ("example.com",)}, None, "example.com/m", "modules.deny has example.com"),
        ({"deny": ("example.com/x",)}, None, "example.com/m", None),
        ({"allow": ("example.com",)}, None, "example.com/m", None),
        ({"allow": ("example.com",)}, None, "example.org/m", "modules.allow"),
        ({"allow": ("example.com",), "deny": ("example.com/m",)}, None, "example.com/m", "modules.deny"),
        ({"allowlist_file": "f"}, "", "example.com/m", "0 patterns"),
        ({"allowlist_file": "f"}, "example.com", "example.com/m", None),
        ({"allowlist_file": "f", "allow": ("example.org",)}, "example.com", "example.org/m", None),
    ],
)
def test_allowlist(modules: dict[str, object], listed: str | None, path: str, rule: str | None) -> None:
    refusal = Allowlist(ModulesConfig.model_validate(modules), listed).refuse(check_path(path))
    assert (refusal is None) is (rule is None)
    if refusal and rule:
        assert rule in refusal.rule
        assert rule in refusal.text
        assert refusal.enforced


IMPOSED = {"by": "GoProxyClass standard", "allow": ("example.com",), "deny": ("example.com/evil",)}


@pytest.mark.parametrize(
    ("modules", "path", "rule"),
    [
        ({}, "example.com/m", None),
        (
            {},
            "example.org/m",
            "GoProxyClass standard has no pattern that matches it in modules.allow (1 pattern",
        ),
        ({}, "example.com/evil/m", "GoProxyClass standard has example.com/evil in modules.deny"),
        ({"allow": ("example.org", "example.com/evil")}, "example.org/m", "the fleet's own cannot allow it"),
        ({"allow": ("example.org",)}, "example.com/m", "modules.allow has no pattern"),
        ({"deny": ("example.com/m",)}, "example.com/m", "modules.deny has example.com/m"),
    ],
)
@pytest.mark.parametrize("mode", list(PolicyMode))
def test_what_is_imposed_holds_besides_the_fleets_own(
    modules: dict[str, object], path: str, rule: str | None, mode: PolicyMode
) -> None:
    config = ModulesConfig.model_validate({**modules, "imposed": IMPOSED, "mode": mode})
    refusal = Allowlist(config).refuse(check_path(path))
    assert (refusal is None) is (rule is None)
    if refusal and rule:
        assert rule in refusal.rule
        # DryRun is the fleet's own choice, and does not weaken the imposed rules.
        assert refusal.enforced is ("GoProxyClass" in refusal.rule or mode is PolicyMode.ENFORCE)


def test_without_imposed_patterns_all_is_the_fleets_own() -> None:
    modules = ModulesConfig.model_validate({"imposed": {"by": "GoProxyClass standard"}})
    assert Allowlist(modules).refuse(check_path("example.com/m")) is None
