"""What a class imposes reaches the config in force of every fleet, also where nothing else is carried out. Pure.

Otherwise a tenant could keep what a class denies from now on: by a spec that passes a limit, by one that is wrong, or
by suspending the fleet.
"""

import json
from collections.abc import Mapping
from typing import Any

from goproxy_operator.api.goproxy import GoProxy, Metadata
from goproxy_operator.api.goproxyclass import FleetClass
from goproxy_operator.api.spec import GoProxySpec
from goproxy_operator.desired.config_map import ConfigDocuments, config_map, documents_of
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.names import ALLOWLIST_SOURCE_ANNOTATION
from goproxy_operator.kube.resources import Object
from goproxy_operator.reconcile.decide.classes import BY, Classes, choose_class, imposed_by, that_count
from goproxy_operator.reconcile.decide.difference import stamped
from goproxy_operator.reconcile.decide.plan import controlled
from goproxy_operator.reconcile.decide.problem import Problem

_LARGEST = 2**20
"""The API server takes no ConfigMap of more bytes (`MaxSecretSize` in its validation)."""


def imposing(item: Object, live: Object | None, classes: Classes | None, labels: Mapping[str, str]) -> Manifest | None:
    """Return the fleet's ConfigMap as it is but with the rules of now; None where it has them already.

    `live` is the ConfigMap if there is one. The other arguments are those of `classes.admit`.
    """
    if live is None or "deletionTimestamp" in live["metadata"] or not controlled(live, item["metadata"]["uid"]):
        return None
    files = documents_of(live)
    try:
        config = json.loads(files.config)
        modules = config.get("modules", {})
        written = modules.get("imposed")
        by = (written or {}).get("by")
    except (ValueError, AttributeError, RecursionError):
        return None  # no replica takes it either, and each goes on with the config it had
    chosen = governing(item, by, classes, labels)
    if isinstance(chosen, Problem):
        return None
    rules = imposed_by(chosen) if chosen is not None else None
    imposed = None if rules is None else rules.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if imposed == written:
        return None
    replaced = _with(config, "modules", _with(modules, "imposed", imposed))
    try:
        text = _written(replaced)
    except RecursionError:
        return None  # it is nested so deeply that no replica takes it
    made = stamped(_like(item, live, ConfigDocuments(text, files.allowlist)))
    # The uid makes the API server reject the apply if the ConfigMap has gone meanwhile.
    return {**made, "metadata": {**made["metadata"], "uid": live["metadata"]["uid"]}}


def governing(
    item: Object, by: object, classes: Classes | None, labels: Mapping[str, str]
) -> FleetClass | Problem | None:
    """Return the class whose rules count for a fleet, however wrong it is; None where no class counts.

    `by` is who imposed the rules in force. A fleet that is of no class remains under that one, or falls to the default
    one. A `Problem` says why no class counts; then the rules stay as they are.
    """
    spec = item.get("spec")
    name = spec.get("className") if isinstance(spec, Mapping) else None
    if not isinstance(name, str | None):
        name = None
    if classes is None:
        return None
    name, classes = that_count(name, classes)
    if not (classes or name):
        return None
    namespace = item["metadata"].get("namespace", "")
    chosen = choose_class(name, namespace, classes, labels)
    if isinstance(chosen, Problem):
        former = classes.get(by.removeprefix(BY)) if isinstance(by, str) else None
        chosen = former or choose_class(None, namespace, classes, labels)
    if isinstance(chosen, FleetClass) and chosen.problem:
        return Problem("ClassInvalid", chosen.problem)
    return chosen


def _like(item: Object, live: Object, files: ConfigDocuments) -> Manifest:
    """Return all that the operator sends of this ConfigMap, and nothing that others wrote on it."""
    source = live["metadata"].get("annotations", {}).get(ALLOWLIST_SOURCE_ANNOTATION)
    # Only the identity of the object counts here, because its spec, and what others wrote on the ConfigMap, may be
    # something that cannot be read.
    metadata = item["metadata"]
    identity = Metadata(name=metadata["name"], namespace=metadata["namespace"], uid=metadata["uid"])
    made = config_map(GoProxy.model_construct(metadata=identity, spec=GoProxySpec()), files)
    annotations = {k: v for k, v in made["metadata"]["annotations"].items() if k != ALLOWLIST_SOURCE_ANNOTATION}
    if source is not None:
        annotations[ALLOWLIST_SOURCE_ANNOTATION] = source
    return {**made, "metadata": {**made["metadata"], "annotations": annotations}}


def _written(document: Mapping[str, Any]) -> str:
    """Write a config in the form of `dump_config`, so that it is the same file once the fleet is carried out again.

    What others put into the ConfigMap may be nested so deeply that the indentation would need hundreds of times its
    size. Then the indentation is left out.
    """
    parts: list[str] = []
    size = 0
    for part in json.JSONEncoder(indent=2, sort_keys=True).iterencode(document):
        parts.append(part)
        size += len(part)
        if size > _LARGEST:
            return json.dumps(document, separators=(",", ":"), sort_keys=True) + "\n"
    return "".join(parts) + "\n"


def _with(document: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return the document with another value; without the key where the value says nothing."""
    kept = {k: v for k, v in document.items() if k != key}
    return {**kept, key: value} if value else kept
