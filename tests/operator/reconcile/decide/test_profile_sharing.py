"""What a class leaves to a fleet of object stores, parents, children and ephemeral caches."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.api.limits import Profile
from tests.operator.reconcile.decide.class_objects import a_class, admitted, holds, refused

BUCKET = {"url": "s3://go-modules/team-a"}
PARENT = {"cache": {"parent": {"name": "org-cache", "namespace": "platform"}}}
CHILDREN = {"children": {"namespaces": "All"}}


def store(**fields: str) -> dict[str, Any]:
    return {"cache": {"objectStore": fields}}


@pytest.mark.parametrize("profile", Profile)
def test_without_lists_stores_and_parents_are_privileged(profile: Profile) -> None:
    one = a_class(default=True, profile=profile.value)
    for spec in (store(**BUCKET), store(claimName="shared"), PARENT):
        if profile is Profile.PRIVILEGED:
            admitted(one, **spec)
        else:
            assert "is not left to the fleet by profile" in refused(one, **spec)[1]
    admitted(one, cache={"storage": {"ephemeral": True, "size": "20Gi"}})
    admitted(one, access=CHILDREN)


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(
    ("limits", "spec", "message"),
    [
        ({"objectStores": ["s3://go-modules"]}, store(**BUCKET), None),
        ({"objectStores": ["s3://go-modules/team-a/"]}, store(**BUCKET), None),
        (
            {"objectStores": ["s3://go-modules/team"]},
            store(**BUCKET),
            "spec.cache.objectStore.url s3://go-modules/team-a",
        ),
        ({"objectStores": ["gs://go-modules"]}, store(**BUCKET), "is not in limits.objectStores"),
        ({"objectStores": []}, store(**BUCKET), "is not in limits.objectStores of GoProxyClass standard []"),
        (
            {"objectStores": ["s3://go-modules"]},
            store(**BUCKET, endpoint="https://evil.example.com"),
            "spec.cache.objectStore.endpoint https://evil.example.com is not in limits.objectStores",
        ),
        (
            {"objectStores": ["s3://go-modules", "https://minio.example.com"]},
            store(**BUCKET, endpoint="https://minio.example.com", region="eu-1"),
            None,
        ),
        ({"objectStores": ["claim:go-*"]}, store(claimName="go-shared", folder="a"), None),
        ({"objectStores": ["claim:go-*"]}, store(claimName="data"), "claimName claim:data is not in limits"),
        (
            {"objectStores": ["s3://go-modules"], "secrets": ["goproxy-*"]},
            store(**BUCKET, secretName="database"),
            "spec.cache.objectStore.secretName database",
        ),
        ({"parents": ["platform/*"]}, PARENT, None),
        ({"parents": ["build/*"]}, PARENT, "spec.cache.parent platform/org-cache is not in limits.parents"),
        ({"parents": ["build/org"]}, {"cache": {"parent": {"name": "org"}}}, None),
    ],
    ids=str,
)
def test_lists(profile: Profile, limits: dict[str, Any], spec: dict[str, Any], message: str | None) -> None:
    one = a_class(default=True, profile=profile.value, limits=limits)
    holds(one, spec, message)


def test_a_fleet_cannot_lead_the_class_s_parent_elsewhere_by_one_key() -> None:
    one = a_class(default=True, defaults=PARENT, limits={"parents": ["build/*"]})
    admitted(one)
    assert "platform/evil is not in limits.parents" in refused(one, cache={"parent": {"name": "evil"}})[1]


@pytest.mark.parametrize("profile", [Profile.RESTRICTED, Profile.BASELINE])
def test_where_the_class_says_who_may_read_children_are_the_class_s(profile: Profile) -> None:
    closed = {"access": {"anonymous": ["read"], **CHILDREN}}
    one = a_class(default=True, profile=profile.value, defaults={"access": {"anonymous": ["read"]}})
    assert "spec.access.children is not left to the fleet" in refused(one, access=CHILDREN)[1]
    admitted(a_class(default=True, profile=profile.value, defaults=closed), access=CHILDREN)
    # A class that only consents to children says nothing of clients.
    open_ = a_class(default=True, profile=profile.value, defaults={"access": CHILDREN})
    admitted(open_, access={"anonymous": ["read", "fetch"]})
    admitted(open_, access={"children": {"namespaces": "Same"}})
