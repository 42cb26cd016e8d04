"""`modules` of the config: what a replica may serve."""

from goproxy_operator.api.modules import LicensesSpec, ModulesSpec, VulnerabilitiesSpec
from goproxy_operator.desired.config.defaults import without_none
from modproxy.contract.config import Imposed, LicensesConfig, ModulesConfig, VulnerabilitiesConfig

ALLOWLIST_FILE = "allowlist"
"""Beside the config file: the patterns of the ConfigMap that the object names, one a line."""


def modules_config(spec: ModulesSpec, imposed: Imposed | None) -> ModulesConfig:
    """Return the section. `imposed` is what the fleet's class lets it serve."""
    section = {
        "mode": spec.mode,
        "allow": spec.allow,
        "deny": spec.deny,
        "allowlistFile": ALLOWLIST_FILE if spec.allowlist_config_map_name else None,
        "contact": spec.contact,
        "imposed": imposed,
        "minimumAge": spec.minimum_age,
        "minimumAgeExclude": spec.minimum_age_exclude,
        "minimumAgeMode": spec.minimum_age_mode,
        "denyVulnerable": spec.deny_vulnerable,
        "licenses": _licenses(spec.licenses),
        "vulnerabilities": _vulnerabilities(spec.vulnerabilities),
    }
    return ModulesConfig.model_validate(without_none(section))


def _vulnerabilities(spec: VulnerabilitiesSpec) -> VulnerabilitiesConfig:
    section = {
        "url": spec.url,
        "except": spec.except_,
        "unreviewed": spec.unreviewed,
        "unfixed": spec.unfixed,
        "mode": spec.mode,
    }
    return VulnerabilitiesConfig.model_validate(without_none(section))


def _licenses(spec: LicensesSpec) -> LicensesConfig:
    section = {"allow": spec.allow, "deny": spec.deny, "unknown": spec.unknown, "mode": spec.mode}
    return LicensesConfig.model_validate(without_none(section))
