"""The documents of external.metrics.k8s.io/v1beta1, and which fleet a request names.

Source: k8s.io/metrics/pkg/apis/external_metrics/v1beta1, and metav1.Status for errors.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from goproxy_operator.desired.names import FLEET_LABEL, RATE_METRIC
from goproxy_operator.metrics_api.rules.rate import milli
from goproxy_operator.timestamps import format_time

GROUP = "external.metrics.k8s.io"
VERSION = "v1beta1"
GROUP_VERSION = f"{GROUP}/{VERSION}"
ROOT = f"/apis/{GROUP_VERSION}"
_KIND = "ExternalMetricValueList"
_SELECTOR = re.compile(rf"{re.escape(FLEET_LABEL)}==?(?P<fleet>[a-z]([-a-z0-9]{{0,38}}[a-z0-9])?)")
_REASONS = {
    HTTPStatus.BAD_REQUEST: "BadRequest",
    HTTPStatus.UNAUTHORIZED: "Unauthorized",
    HTTPStatus.FORBIDDEN: "Forbidden",
    HTTPStatus.NOT_FOUND: "NotFound",
    HTTPStatus.METHOD_NOT_ALLOWED: "MethodNotAllowed",
    HTTPStatus.INTERNAL_SERVER_ERROR: "InternalError",
    HTTPStatus.SERVICE_UNAVAILABLE: "ServiceUnavailable",
}

Document = dict[str, Any]


class SelectorError(ValueError):
    """The label selector names no fleet; the message says how to write it."""


def fleet_of(query: Mapping[str, str]) -> str:
    """Return the fleet that a query's labelSelector names. Raises `SelectorError`."""
    selector = query.get("labelSelector", "")
    match = _SELECTOR.fullmatch(selector.strip())
    if match is None:
        subject = f"labelSelector {selector!r} names" if selector else "no labelSelector names"
        raise SelectorError(f"{subject} a fleet: write labelSelector={FLEET_LABEL}=NAME, and nothing else")
    return match["fleet"]


def resource_list() -> Document:
    """Return the answer to discovery."""
    resource = {"name": RATE_METRIC, "singularName": "", "namespaced": True, "kind": _KIND, "verbs": ["get"]}
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUP_VERSION, "resources": [resource]}


def value_list(fleet: str, rate: float, at: datetime) -> Document:
    """Return the one value of a fleet."""
    value = {
        "metricName": RATE_METRIC,
        "metricLabels": {FLEET_LABEL: fleet},
        "timestamp": format_time(at),
        "value": milli(rate),
    }
    return {"kind": _KIND, "apiVersion": GROUP_VERSION, "metadata": {}, "items": [value]}


def status(code: int, message: str) -> Document:
    """Return an error as the API server's clients read it."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": _REASONS.get(HTTPStatus(code), "Unknown"),
        "code": int(code),
    }
