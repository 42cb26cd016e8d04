"""Where replicas are scheduled, as the object says, in the form that the API server stores."""

from typing import Any

from goproxy_operator.api.pod import PodSpec
from goproxy_operator.desired.manifest import Manifest


def affinity(pod: PodSpec) -> Manifest | None:
    """Return the pod's affinity. The API server stores no empty lists; an empty selector stays, as it selects all."""
    if pod.affinity is None:
        return None
    kept: Manifest = _without_empty_lists(pod.affinity.model_dump(mode="json", by_alias=True, exclude_none=True))
    return kept


def _without_empty_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty_lists(inner) for key, inner in value.items() if inner != []}
    if isinstance(value, list):
        return [_without_empty_lists(inner) for inner in value]
    return value
