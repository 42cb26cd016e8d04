"""Where people read about the reasons of conditions: docs/troubleshooting.md has a part for each. Pure."""

from typing import Any

from goproxy_operator.api.status import MOST_HELP
from goproxy_operator.reconcile.decide.remedies import reasons

_PAGE = "troubleshooting.md"
GOOD_WHEN_FALSE = frozenset({"Reconciling", "Stalled", "StorageResizing", "DiskPressure", "Slow"})
_OTHERS = frozenset(
    {
        "AllowlistInvalid",
        "AllowlistMissing",
        "APIMissing",
        "AccessUnusable",
        "AuditReceiverFails",
        "AuditRecordsLost",
        "CPUShort",
        "CPUWithheld",
        "CacheDiskFull",
        "CertificateNotTrusted",
        "ClassInvalid",
        "ClassLimitExceeded",
        "ClassNotAdmitted",
        "ClusterKeysUnknown",
        "ConfigRefused",
        "ConnectionFailed",
        "CustomMetricsNotServed",
        "DescriptorsShort",
        "DiskSlow",
        "EventLoopBusy",
        "HostKeyRefused",
        "HostNotFound",
        "InForceWithWarnings",
        "InvalidSpec",
        "IssuerUnusable",
        "KEDANotInstalled",
        "LoginRefused",
        "MemoryShort",
        "NameConflict",
        "NoAnswer",
        "NoMetricsProvider",
        "NoRoom",
        "ObjectStoreUnusable",
        "OperatorFault",
        "ParentHasTooManyChildren",
        "ParentLoop",
        "ParentNotConsenting",
        "ParentNotFound",
        "ParentTooDeep",
        "ParentUnavailable",
        "PatternMatchesNothing",
        "PeersUnreachable",
        "Refused",
        "ReportRefused",
        "ScaledToZero",
        "SecretUnusable",
        "ServerFails",
        "SignatureRefused",
        "StorageCannotGrow",
        "StorageImmutable",
        "StorageNotProvisioned",
        "Suspended",
        "VersionsMissing",
    }
)
DOCUMENTED = reasons() | _OTHERS
"""The reasons that ask for somebody. Those that pass by themselves, such as RollingOut, have no part."""


def with_help(status: dict[str, Any], docs: str) -> dict[str, Any]:
    """Return the status with links to what is written about its conditions. `docs` is where people read the folder."""
    found = [
        condition["reason"]
        for condition in status.get("conditions", ())
        if condition["reason"] in DOCUMENTED and _asks_for_somebody(condition)
    ]
    links = [f"{docs}/{_PAGE}#{reason.lower()}" for reason in dict.fromkeys(found)]
    kept = {key: value for key, value in status.items() if key != "help"}
    return kept | ({"help": links[:MOST_HELP]} if links else {})


def _asks_for_somebody(condition: dict[str, Any]) -> bool:
    good = "False" if condition["type"] in GOOD_WHEN_FALSE else "True"
    return bool(condition["status"] != good) or condition["reason"] == "InForceWithWarnings"
