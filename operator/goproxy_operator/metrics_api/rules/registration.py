"""Whether the APIService is ours, and what it still lacks. Pure.

Who installs the operator makes the APIService (chart, kustomize), and so takes it away again: one without its server
keeps every namespace of the cluster from being deleted. The operator adds whom the API server may trust, nothing else.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from goproxy_operator.metrics_api.rules.documents import GROUP, VERSION

NAME = f"{VERSION}.{GROUP}"
_LOOK = f"kubectl describe apiservice {NAME} says more"


class Standing(Enum):
    """How the operator's own metrics API stands."""

    OFF = "off"
    """It was not switched on."""
    ABSENT = "absent"
    FOREIGN = "foreign"
    UNAVAILABLE = "unavailable"
    AVAILABLE = "available"


@dataclass(frozen=True, slots=True)
class Registration:
    """How it stands, and in words; `missing_bundle` says that the trusted certificates have to be written."""

    standing: Standing
    message: str = ""
    missing_bundle: bool = False


OFF = Registration(Standing.OFF, "the operator serves no metrics: install it with externalMetrics.enabled=true")


def judge(api_service: Mapping[str, Any] | None, service: tuple[str, str], authorities: bytes) -> Registration:
    """Judge the APIService as it is. `service` is the namespace and the name of ours, `authorities` PEM."""
    if api_service is None:
        return Registration(
            Standing.ABSENT,
            f"APIService {NAME} does not exist: install the operator anew with externalMetrics.enabled=true",
        )
    spec = api_service["spec"]
    of = spec.get("service") or {}
    if (of.get("namespace"), of.get("name")) != service:
        other = f"{of.get('namespace')}/{of.get('name')}" if of else "the API server itself"
        return Registration(
            Standing.FOREIGN,
            f"APIService {NAME} belongs to Service {other}, so it is left alone: a cluster has one server of external "
            "metrics; use provider KEDA or CustomMetrics, or remove the other",
        )
    missing = base64.b64decode(spec.get("caBundle") or "") != authorities
    for condition in (api_service.get("status") or {}).get("conditions", ()):
        if condition["type"] == "Available":
            if condition["status"] == "True":
                return Registration(Standing.AVAILABLE, "", missing)
            # Its message has ports and times, which are news at each try.
            return unavailable(f"{condition.get('reason', 'it')} ({_LOOK})", missing)
    return unavailable(f"the API server has not tried it yet ({_LOOK})", missing)


def unavailable(why: str, missing_bundle: bool = False) -> Registration:
    """Return that it is ours, or may be, and gives no figures now."""
    return Registration(Standing.UNAVAILABLE, f"APIService {NAME} is not available: {why}", missing_bundle)


def bundle_manifest(api_service: Mapping[str, Any], authorities: bytes) -> dict[str, Any]:
    """Return what is applied. By the uid no apply can make an APIService that its owner has removed."""
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": NAME, "uid": api_service["metadata"]["uid"]},
        "spec": {"caBundle": base64.b64encode(authorities).decode()},
    }
