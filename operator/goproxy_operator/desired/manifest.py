"""What every child has: a kind, a name, the operator's labels, and the `GoProxy` as its controller."""

from collections.abc import Mapping
from typing import Any

from goproxy_operator.api.goproxy import API_VERSION, KIND, GoProxy
from goproxy_operator.desired import names

Manifest = dict[str, Any]
"""A Kubernetes object as plain JSON."""


def child(goproxy: GoProxy, api_version: str, kind: str, name: str, content: Manifest) -> Manifest:
    """Return a child of the object. By its owner reference the child is deleted with the object."""
    metadata = goproxy.metadata
    owner = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": metadata.name,
        "uid": metadata.uid,
        "controller": True,
    }
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": metadata.namespace,
            "labels": names.labels(metadata.name),
            "annotations": {names.IGNORE_UPDATES_ANNOTATION: "true"},
            "ownerReferences": [owner],
        },
        **content,
    }


def annotated(made: Manifest, annotations: Mapping[str, str] | None) -> Manifest:
    """Return the child with the user's annotations too; the operator's own are stronger."""
    metadata = made["metadata"]
    return {**made, "metadata": {**metadata, "annotations": {**(annotations or {}), **metadata["annotations"]}}}


def labelled(made: Manifest, labels: Mapping[str, str] | None) -> Manifest:
    """Return the child with the user's labels too; the operator's own are stronger."""
    metadata = made["metadata"]
    return {**made, "metadata": {**metadata, "labels": {**(labels or {}), **metadata["labels"]}}}


def without_empty(document: Manifest) -> Manifest:
    """Leave out what is None or empty. The API server does not store it, so that the child would differ for ever."""
    return {key: value for key, value in document.items() if value is not None and value not in ({}, [], "")}
