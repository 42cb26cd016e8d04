"""Parents, children, object stores and ephemeral caches: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, schema

FORMS = "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://ACCOUNT/CONTAINER/PREFIX"


def store(**fields: str) -> dict[str, Any]:
    return {"cache": {"objectStore": fields}}


def storage(**fields: Any) -> dict[str, Any]:
    return {"cache": {"storage": {"ephemeral": True, **fields}}}


def parent(**fields: str) -> dict[str, Any]:
    return {"cache": {"parent": fields}}


def children(**fields: Any) -> dict[str, Any]:
    return {"access": {"children": fields}}


_STORE = "spec.cache.objectStore"
REFUSED: list[Case] = [
    both(store(), "write either url, for a bucket, or claimName, for a volume that all replicas mount", _STORE),
    both(store(url="s3://go", claimName="shared"), "write either url, for a bucket, or claimName", _STORE),
    both(
        store(url="s3://user:word@go"),
        "credentials do not belong into the URL: remove the user name and the password before the @",
        f"{_STORE}.url",
    ),
    both(
        store(url="https://bucket.example.com/go"),
        f'"https://bucket.example.com/go" is of no kind of object store that replicas know: write {FORMS}; what speaks',
        f"{_STORE}.url",
    ),
    *(
        both(
            store(url=url),
            f'"{url}" names no bucket, or has a query, dots that climb, or two slashes in a row: write {FORMS}',
            f"{_STORE}.url",
        )
        for url in (
            "s3://",
            "s3://go?region=x",
            "s3://go/../x",
            "gs://go//x",
            "az://account",
            "file:///",
            "s3://go/a b",
        )
    ),
    Case(
        store(url="file:///srv/go"),
        "a folder of a pod is neither kept nor shared: write claimName, a PersistentVolumeClaim with access mode",
        None,
        _STORE,
    ),
    both(
        store(claimName="shared", secretName="bucket"),
        "secretName and endpoint are of a bucket, and a folder has none: remove them",
        _STORE,
    ),
    both(store(claimName="shared", endpoint="https://minio.example.com"), "secretName and endpoint are of a", _STORE),
    both(store(url="gs://go", region="eu-1"), "region is of S3 alone: remove it, or write an s3:// URL", _STORE),
    both(
        store(url="s3://go", folder="team-a"),
        "folder is of the volume of claimName: write the prefix into the URL of a bucket",
        _STORE,
    ),
    both(
        store(claimName="shared", folder="../team-a"),
        '"../team-a" is no folder of a volume: write names without a leading slash, such as go/team-a',
        f"{_STORE}.folder",
    ),
    both(
        store(url="s3://go", region="EU 1"),
        '"EU 1" is no region: write for example eu-central-1',
        f"{_STORE}.region",
    ),
    both(
        store(url="s3://go", endpoint="https://user:word@minio.example.com"),
        "credentials do not belong into the URL",
        f"{_STORE}.endpoint",
    ),
    both(
        store(url="s3://go", endpoint="minio.example.com:9000"),
        '"minio.example.com:9000" is no URL of a server: write https://HOST[:PORT] or http://HOST[:PORT]',
        f"{_STORE}.endpoint",
    ),
    both(
        store(url="s3://go", endpoint="https://minio..example.com"),
        "a host name has two dots in a row",
        f"{_STORE}.endpoint",
    ),
    both(
        storage(),
        "an ephemeral cache needs size, which it takes of its node's disk: write for example size 20Gi",
        "spec.cache.storage",
    ),
    *(
        both(
            storage(size="1Gi", **{field: value}),
            "growTo, storageClassName and whenDeleted are of claims, and an ephemeral cache has none: remove them",
            "spec.cache.storage",
        )
        for field, value in (("growTo", "2Gi"), ("storageClassName", "fast"), ("whenDeleted", "Delete"))
    ),
    Case(parent(name="team-a"), "spec.cache.parent is the GoProxy itself: write another one, or remove it", None),
    both(
        parent(name="Org_Cache"),
        '"Org_Cache" is no name of a GoProxy: write for example org-cache',
        "spec.cache.parent.name",
    ),
    both(
        parent(name="org-cache", namespace="a.b"),
        '"a.b" is no name of a namespace: write for example platform',
        "spec.cache.parent.namespace",
    ),
    both(
        children(namespaces="Selector"),
        "namespaces Selector and selector belong together: write both, or namespaces Same or All alone",
        "spec.access.children",
    ),
    both(
        children(namespaces="All", selector={"matchLabels": {"tier": "build"}}),
        "namespaces Selector and selector belong together",
        "spec.access.children",
    ),
    both(
        children(namespaces="Selector", selector={"matchLabels": {"a b": "c"}}),
        "a key is no key of labels: write at most 63 letters",
        "spec.access.children.selector.matchLabels",
    ),
    schema(
        children(namespaces="Selector", selector={"matchLabels": {}}),
        server="should have at least 1 properties",
        models="should have at least 1 item",
        path="spec.access.children.selector.matchLabels",
    ),
    schema(
        children(namespaces="Some"),
        server='Unsupported value: "Some"',
        models="Input should be 'Same', 'All' or 'Selector'",
        path="spec.access.children.namespaces",
    ),
]
ACCEPTED: list[dict[str, Any]] = [
    store(url="s3://go-modules/team-a", secretName="bucket", region="eu-central-1"),
    store(url="s3://go", endpoint="http://minio.minio.svc:9000"),
    store(url="az://account/container/go/"),
    store(url="gs://go.example.com", secretName="bucket"),
    store(claimName="shared", folder="go/team-a"),
    storage(size="20Gi"),
    {"cache": {"storage": {"ephemeral": False, "growTo": "2Gi", "size": "1Gi"}}},
    parent(name="org-cache"),
    parent(name="team-a", namespace="platform"),
    children(namespaces="All"),
    children(namespaces="Same"),
    children(namespaces="Selector", selector={"matchLabels": {"tier": "build"}}),
]
