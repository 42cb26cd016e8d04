"""Whether the APIService is ours, and what it still lacks.

The chart or the kustomization makes the APIService, and removes it again: an APIService without its server keeps every
namespace of the cluster from being deleted. The operator only adds the certificates that the API server may trust.
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
    """Says whether the operator's own metrics API can be used, and why not."""

    OFF = "off"
    """The operator was started without it."""
    ABSENT = "absent"
    FOREIGN = "foreign"
    UNAVAILABLE = "unavailable"
    AVAILABLE = "available"


@dataclass(frozen=True, slots=True)
class Registration:
    """Tells the standing, also in words. `missing_bundle`: the trusted certificates have to be written."""

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
            # The condition's message has ports and times, so that it would be new at each try.
            return unavailable(f"{condition.get('reason', 'it')} ({_LOOK})", missing)
    return unavailable(f"the API server has not tried it yet ({_LOOK})", missing)


def unavailable(why: str, missing_bundle: bool = False) -> Registration:
    """Return the registration of an APIService that is ours, or may be, and gives no figures now."""
    return Registration(Standing.UNAVAILABLE, f"APIService {NAME} is not available: {why}", missing_bundle)


def bundle_manifest(api_service: Mapping[str, Any], authorities: bytes) -> dict[str, Any]:
    """Return what is applied. With the uid, the API server rejects the apply if the APIService is gone."""
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": NAME, "uid": api_service["metadata"]["uid"]},
        "spec": {"caBundle": base64.b64encode(authorities).decode()},
    }
