"""What the operator's account may write is bound by admission, too: what it makes passes, and the opposite does not.

All is tried with a token of the account, against the policy of deploy/ as it is installed for all tests of this folder.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import aiohttp
import yaml

from goproxy_operator.api.goproxy import API_VERSION
from goproxy_operator.kube.resources import CHILDREN
from modproxy.contract import secret_keys
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.account import Account
from tests.operator.live.conftest import ALLOWED, ROOT, Install, admission
from tests.operator.live.forbidden_children import (
    OWNER,
    REFUSED,
    REFUSED_OPTIONAL,
    Change,
    of_container,
    of_pod,
    of_spec,
    secret,
)

Object = dict[str, Any]
OPERATOR = "goproxy-operator"
RBAC = "rbac.authorization.k8s.io"

EVERY = [
    ("ServiceAccount", "team-a"),
    ("ConfigMap", "team-a-config-v1"),
    ("ConfigMap", "team-a-dashboard"),
    ("Service", "team-a"),
    ("Service", "team-a-replicas"),
    ("StatefulSet", "team-a"),
    ("PodDisruptionBudget", "team-a"),
    ("HorizontalPodAutoscaler", "team-a"),
    ("NetworkPolicy", "team-a"),
    ("Ingress", "team-a"),
]


async def not_refused_as_told(
    account: Account, table: list[tuple[str, str, Change, str]]
) -> list[tuple[str, str, str]]:
    """Try each change of a table. Return those that passed, or were refused in other words, with what was said."""
    said = []
    for kind, what, change, message in table:
        manifest = copy.deepcopy(account.manifest(kind))
        change(manifest)
        refusal = await account.apply(manifest)
        if message not in refusal:
            said.append((kind, what, refusal))
    return said


async def test_what_the_operator_makes_passes(account: Account) -> None:
    for kind, name in EVERY:
        manifest = account.manifest(kind, name)
        assert await account.apply(manifest) == "", (kind, name)
        manifest["metadata"]["annotations"]["more"] = "x"
        assert await account.apply(manifest) == "", (kind, name)
    for kind in ("ServiceAccount", "StatefulSet", "HorizontalPodAutoscaler", "Ingress"):
        path = CHILDREN[kind].path(account.namespace, "team-a")
        assert await account.send("DELETE", path) == "", kind


async def test_the_opposite_does_not_pass(account: Account) -> None:
    assert await not_refused_as_told(account, REFUSED) == []
    for kind, name in EVERY:
        path = CHILDREN[kind].path(account.namespace, name)
        assert "not found" in await account.send("GET", path), "nothing of it was made"


async def test_children_of_optional_apis(account: Account, install: Install) -> None:
    await install()
    account.served = {kind for kind, *_ in REFUSED_OPTIONAL}
    assert await not_refused_as_told(account, REFUSED_OPTIONAL) == []
    for kind in account.served:
        assert await account.apply(account.manifest(kind)) == "", kind


async def test_what_belongs_to_others_is_left_alone(
    account: Account, api: aiohttp.ClientSession, namespace: str
) -> None:
    admin = Account(api, account.fleet)
    theirs = account.manifest("ConfigMap")
    del theirs["metadata"]["ownerReferences"]
    assert await admin.apply(theirs) == ""
    # Neither by taking it over, nor by deleting it.
    assert OWNER in await account.apply(account.manifest("ConfigMap"))
    path = CHILDREN["ConfigMap"].path(namespace, theirs["metadata"]["name"])
    assert OWNER in await account.send("DELETE", path)
    claims, pods = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", f"/api/v1/namespaces/{namespace}/pods"
    labels = {"goproxy-operator.dev/fleet": "team-a"}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    for name, its in (("database", {}), ("data-team-a-0", labels), ("cache-team-a-0", labels)):
        assert await admin.send("POST", claims, {"metadata": {"name": name, "labels": its}, "spec": claim}) == ""
    note = {"metadata": {"annotations": {"a": "b"}}}
    for name in ("database", "data-team-a-0"):
        assert "only claims of replicas" in await account.send("PATCH", f"{claims}/{name}", note, "merge-patch+json")
        assert "only claims of replicas" in await account.send("DELETE", f"{claims}/{name}")
    take = {"metadata": {"labels": {"goproxy-operator.dev/fleet": "team-b"}}}
    assert "only claims" in await account.send("PATCH", f"{claims}/cache-team-a-0", take, "merge-patch+json")
    bind = {"spec": {"volumeName": "of-another"}}
    assert "binds none" in await account.send("PATCH", f"{claims}/cache-team-a-0", bind, "merge-patch+json")
    assert await account.send("PATCH", f"{claims}/cache-team-a-0", note, "merge-patch+json") == ""
    assert await account.send("DELETE", f"{claims}/cache-team-a-0") == ""

    container = {"name": "a", "image": "modproxy:1"}
    for name, its in (("bank", {}), ("team-a-0", labels)):
        body = {"metadata": {"name": name, "labels": its}, "spec": {"containers": [container]}}
        assert await admin.send("POST", pods, body) == ""
    assert "only of replicas" in await account.send("PATCH", f"{pods}/bank", note, "merge-patch+json")
    image = {"spec": {"containers": [{"name": "a", "image": "evil.example.com/a"}]}}
    merge = "strategic-merge-patch+json"
    assert "nothing of a pod but annotations" in await account.send("PATCH", f"{pods}/team-a-0", image, merge)
    relabel = {"metadata": {"labels": {"app": "bank"}}}
    assert "nothing of a pod but" in await account.send("PATCH", f"{pods}/team-a-0", relabel, "merge-patch+json")
    assert await account.send("PATCH", f"{pods}/team-a-0", note, "merge-patch+json") == ""


async def test_rights_that_somebody_adds_by_mistake_are_bound_too(
    control_plane: ControlPlane, account: Account, namespace: str
) -> None:
    """Another account, bound by the same policy, as if it were a cluster admin: it may do no more than the operator."""
    mistake = ("clusterrolebinding", f"mistake-{namespace}")
    control_plane.kubectl("create", *mistake, "--clusterrole=cluster-admin", f"--serviceaccount={namespace}:default")
    policy = admission(f"{namespace}:default", images=["modproxy:*"])
    control_plane.kubectl("apply", "-f", "-", stdin=policy)
    try:
        async with control_plane.session(control_plane.service_account_token(namespace, "default")) as session:
            await _can_do_nothing_else(Account(session, account.fleet))
    finally:
        control_plane.kubectl("delete", "-f", "-", stdin=policy)
        control_plane.kubectl("delete", *mistake)


async def _can_do_nothing_else(account: Account) -> None:
    namespace = account.namespace
    base, goproxy = f"/api/v1/namespaces/{namespace}", f"/apis/{API_VERSION}/namespaces/{namespace}/goproxies/team-a"

    async def bound() -> bool:
        return "has no business" in await account.send("POST", f"{base}/secrets", {"metadata": {"generateName": "a"}})

    await eventually(bound, "the account has all rights, and is bound")
    assert await account.send("GET", "/api/v1/secrets") == "", "admission is not asked about reads"
    role: Object = {"metadata": {"name": "a"}, "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"}}
    container = {"name": "a", "image": "modproxy:1"}
    tries: list[tuple[str, str, Object]] = [
        ("POST", f"{base}/pods", {"metadata": {"name": "a"}, "spec": {"containers": [container]}}),
        ("POST", f"{base}/serviceaccounts/default/token", {"spec": {}}),
        ("POST", f"{base}/services", {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 1}]}}),
        ("POST", f"/apis/{RBAC}/v1/clusterrolebindings", role),
        ("POST", "/api/v1/namespaces", {"metadata": {"name": f"more-{namespace}"[:60].rstrip("-")}}),
        ("POST", f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases", {"metadata": {"name": OPERATOR}}),
        ("DELETE", goproxy, {}),
        ("DELETE", base, {}),
        ("DELETE", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/none", {}),
    ]
    allowed = [
        (method, path, refusal)
        for method, path, body in tries
        if not re.search(
            "has no business|only what carries|not found", refusal := await account.send(method, path, body)
        )
    ]
    assert allowed == []
    note = {"metadata": {"annotations": {"a": "b"}}}
    assert "has no business" in await account.send("PATCH", goproxy, note, "merge-patch+json")


async def test_lists_of_an_installation(account: Account, control_plane: ControlPlane, install: Install) -> None:
    lists = {
        "images": ["registry.example.com/go/*", "modproxy:1"],
        "secrets": ["goproxy-*"],
        "namespaces": ["elsewhere"],
    }
    control_plane.kubectl("apply", "-f", "-", stdin=admission(**lists))
    try:

        async def bound() -> bool:
            return "no business in namespace" in await account.apply(account.manifest("ConfigMap"))

        await eventually(bound, "the other lists are in force")
        lists["namespaces"] = [account.namespace]
        control_plane.kubectl("apply", "-f", "-", stdin=admission(**lists))

        async def opened() -> bool:
            return await account.apply(account.manifest("ConfigMap")) == ""

        await eventually(opened, "the namespace is listed")
        item = account.manifest("StatefulSet")
        secret("bank", "password")(item)
        assert "a Secret among" in await account.apply(item)
        item = account.manifest("StatefulSet")
        of_pod(imagePullSecrets=[{"name": "bank"}])(item)
        assert "a Secret among" in await account.apply(item)
        tls = account.manifest("Ingress")
        of_spec(tls=[{"hosts": ["goproxy.example.com"], "secretName": "bank"}])(tls)
        assert "a Secret among bank is not" in await account.apply(tls)
        assert await account.apply(account.manifest("Ingress")) == ""
        await install()
        account.served = ["Certificate"]
        issued = account.manifest("Certificate")
        of_spec(secretName="bank")(issued)
        assert "a Secret among bank is not" in await account.apply(issued)
        assert await account.apply(account.manifest("Certificate")) == ""
        of_pod(imagePullSecrets=[{"name": "goproxy-registry"}])(item)
        of_container(image="registry.example.com/go/modproxy:2")(item)
        assert await account.apply(item) == ""
    finally:
        control_plane.kubectl("apply", "-f", "-", stdin=admission(**ALLOWED))

        async def restored() -> bool:
            item = account.manifest("ConfigMap")
            item["metadata"]["annotations"]["restored"] = "1"
            return await account.apply(item) == ""

        await eventually(restored, "the lists of all tests are in force again")


def test_the_keys_are_those_that_replicas_read() -> None:
    text = (ROOT / "deploy" / "admission.yaml").read_text()
    listed = text.partition("i.key in [")[2].partition("]")[0]
    read = {key for name, keys in vars(secret_keys).items() if name.endswith("_KEYS") for key in keys}
    assert sorted(yaml.safe_load(f"[{listed}]")) == sorted(read)
