"""Whether a child has to be sent: a no-op apply changes nothing but costs the API server, so it is not made. Pure.

Nothing has to be sent when the stamped manifest is a subset of what is live. The stamp, a hash of what was sent, tells
of fields that we no longer send; the rest of the subset tells what others have changed since.
"""

import hashlib
import json
from typing import Any

from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.names import APPLIED_ANNOTATION


def stamped(manifest: Manifest) -> Manifest:
    """Return the manifest with the hash of what it says among its annotations."""
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:16]
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), APPLIED_ANNOTATION: digest}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def stamp_of(item: Manifest) -> str:
    """Return the hash that was stamped on an object; "" on an object without one."""
    return str(item["metadata"].get("annotations", {}).get(APPLIED_ANNOTATION, ""))


def subset(desired: Any, live: Any) -> bool:
    """Say whether all of `desired` is in `live`: the API server only adds defaults to what it was sent."""
    if isinstance(desired, dict):
        return isinstance(live, dict) and all(key in live and subset(desired[key], live[key]) for key in desired)
    if isinstance(desired, list):
        return isinstance(live, list) and len(desired) == len(live) and all(map(subset, desired, live))
    return bool(desired == live)
