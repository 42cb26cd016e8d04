"""The CRD: as the models say, and as the file in the tree says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from goproxy_operator.api.crd import DEFINITIONS, render
from goproxy_operator.api.goproxy import InvalidGoProxyError, parse_goproxy
from goproxy_operator.api.structural import SchemaError, structural_schema
from tests.operator.objects import document

CRDS = Path(__file__).parents[2] / "crds"
EACH = pytest.mark.parametrize("name", DEFINITIONS)


@EACH
def test_the_file_is_what_the_models_say(name: str) -> None:
    file = CRDS / f"{name}.yaml"
    assert file.read_text() == render(DEFINITIONS[name]()), "the CRD is stale: run `make generate`"


@EACH
def test_it_fits_into_the_annotation_of_a_client_side_apply(name: str) -> None:
    assert len(render(DEFINITIONS[name]())) < 256 * 1024


class Inner(BaseModel):
    size: str = "1"


class Example(BaseModel):
    inner: Inner | None = Field(None, description="ours")
    kind: Literal["a"] = "a"
    rate: float = Field(1.0, gt=0)
    labels: dict[str, str] = {}
    inners: tuple[Inner, ...] = ()


def test_what_no_structural_schema_says_is_said_otherwise() -> None:
    properties = structural_schema(Example)["properties"]
    assert properties["inner"] == {
        "description": "ours",
        "type": "object",
        "properties": {"size": {"type": "string"}},
    }
    assert properties["kind"] == {"enum": ["a"], "type": "string"}
    assert properties["rate"] == {"minimum": 0, "exclusiveMinimum": True, "type": "number"}
    assert properties["labels"] == {"additionalProperties": {"type": "string"}, "type": "object"}
    assert properties["inners"]["items"]["type"] == "object"


def test_a_union_is_refused() -> None:
    class Union(BaseModel):
        value: int | str

    with pytest.raises(SchemaError, match="union of 2 types"):
        structural_schema(Union)


def _strings_and_lists(schema: dict[str, object], path: str) -> list[str]:
    """The paths of strings and lists without a bound: rules on them cost the API server without a bound too."""
    unbounded: list[str] = []
    if schema.get("type") == "string" and not ({"maxLength", "enum"} & schema.keys()):
        unbounded.append(path)
    if schema.get("type") == "array" and not ({"maxItems", "x-kubernetes-list-type"} <= schema.keys()):
        unbounded.append(path)
    properties = schema.get("properties", {})
    assert isinstance(properties, dict)
    for name, inner in properties.items():
        unbounded += _strings_and_lists(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(key), dict):
            unbounded += _strings_and_lists(inner, f"{path}[]")
    return unbounded


def _properties(name: str) -> dict[str, Any]:
    properties: dict[str, Any] = DEFINITIONS[name]()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    return properties


@EACH
def test_every_string_and_list_has_a_bound_and_every_list_a_type(name: str) -> None:
    for part in ("spec", "status"):
        assert _strings_and_lists(_properties(name).get(part, {}), part) == []


def _defaults(schema: Any) -> list[Any]:
    if isinstance(schema, list):
        return [found for inner in schema for found in _defaults(inner)]
    if not isinstance(schema, dict):
        return []
    # A property may be called so; then its value is a schema.
    here = [schema["default"]] if "default" in schema and "type" not in (schema["default"] or ()) else []
    return here + [found for inner in schema.values() for found in _defaults(inner)]


@EACH
def test_nothing_of_a_spec_has_a_default(name: str) -> None:
    assert _defaults(_properties(name)["spec"]) == []


def test_a_new_object_is_not_taken_for_one_that_is_done() -> None:
    assert _defaults(_properties("goproxies")["status"]) == [{"observedGeneration": -1}]


def test_a_class_has_all_fields_of_a_fleet_as_defaults_but_the_class() -> None:
    own, defaults = _properties("goproxies")["spec"], _properties("goproxyclasses")["spec"]["properties"]["defaults"]
    assert defaults["properties"].keys() == own["properties"].keys() - {"className"}


def test_a_class_may_change_its_defaults_as_it_likes() -> None:
    assert "oldSelf" in json.dumps(_properties("goproxies"))
    assert "oldSelf" not in json.dumps(_properties("goproxyclasses"))


SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
REFUSED = [
    ({"replicas": 1, "autoscaling": {"maxReplicas": 3, "targetRequestsPerSecond": 9}}, "spec: write either replicas"),
    ({"autoscaling": {"minReplicas": 4, "maxReplicas": 3, "targetRequestsPerSecond": 9}}, "minReplicas 4 is more than"),
    (
        {"autoscaling": {"maxReplicas": 3, "targetRequestsPerSecond": 9, "provider": "KEDA"}},
        "spec.autoscaling: provider KEDA needs to know where the request rate is: write prometheus.serverAddress",
    ),
    (
        {
            "autoscaling": {
                "maxReplicas": 3,
                "targetRequestsPerSecond": 9,
                "provider": "Builtin",
                "prometheus": {"serverAddress": "http://prometheus.monitoring.svc:9090"},
            }
        },
        "prometheus is read by KEDA only, and provider is Builtin: remove prometheus",
    ),
    (
        {
            "autoscaling": {
                "maxReplicas": 3,
                "targetRequestsPerSecond": 9,
                "prometheus": {"serverAddress": "prometheus:9090"},
            }
        },
        "spec.autoscaling.prometheus.serverAddress: 'prometheus:9090' is no address of Prometheus: write http://",
    ),
    ({"replicas": "2"}, "spec.replicas: "),
    ({"access": {}}, "spec.access: unknown field"),
    ({"upstream": {"goproxy": "https://u:p@goproxy.example.com"}}, "credentials do not belong into the URL"),
    ({"upstream": {"goproxy": "ftp://goproxy.example.com"}}, "has no known scheme"),
    ({"upstream": {"timeout": "0s"}}, "spec.upstream.timeout: must be longer than nothing"),
    ({"upstream": {"gosumdb": "sum.example.com"}}, "spec.upstream.gosumdb: the key of 'sum.example.com' is not known"),
    ({"upstream": {"gosumdb": SUMDB_KEY[:-1] + "9"}}, "does not agree with itself"),
    ({"upstream": {"gosumdb": "sum.golang.org https://u:p@a"}}, "credentials do not belong into the URL"),
    ({"upstream": {"gosumdb": "sum.golang.org https://a?b"}}, "has no URL after its key: write one with https://"),
    ({"upstream": {"gonoproxy": ["[z-a]"]}}, "spec.upstream.gonoproxy[0]: '[z-a]' has the range"),
    ({"upstream": {"trustedCASecretName": "a..b"}}, "spec.upstream.trustedCASecretName: 'a..b' is no name of a Secret"),
    ({"upstream": {"credentials": [{"pattern": "a.b"}]}}, "spec.upstream.credentials[0].secretName: "),
    ({"upstream": {"httpProxy": {"url": "a:3128"}}}, "spec.upstream.httpProxy.url: 'a:3128' is no HTTP proxy: write"),
    ({"upstream": {"httpProxy": {"url": "http://u:p@a"}}}, "credentials do not belong into the URL: remove what is"),
    ({"upstream": {"httpProxy": {"url": "http://a", "noProxy": ["a b"]}}}, "'a b' is nothing to reach without the"),
    ({"modules": {"allowlistConfigMapName": "../a"}}, "spec.modules.allowlistConfigMapName: '../a' is no name of an"),
    ({"cache": {"storage": {"size": "1e999"}}}, "spec.cache.storage.size: '1e999' is not a quantity"),
    ({"cache": {"storage": {"size": "16Ei"}}}, "spec.cache.storage.size: '16Ei' is more than there can be of anything"),
    ({"pod": {"resources": {"limits": {"a\nb": ""}}}}, "spec.pod.resources.limits['a\\nb']: '' is not a quantity"),
    ({"modules": {"contact": "a\nb"}}, "spec.modules.contact: has a line break or another control character"),
    (
        {"cache": {"lowWatermarkPercent": 90}},
        "lowWatermarkPercent 90 is not below highWatermarkPercent 85 (the default)",
    ),
    (
        {"cache": {"highWatermarkPercent": 9}},
        "lowWatermarkPercent 75 (the default) is not below highWatermarkPercent 9:",
    ),
    ({"cache": {"listTTL": "5 minutes"}}, "spec.cache.listTTL: '5 minutes' is not a duration"),
    ({"modules": {"deny": ["ok", "[z-a]"]}}, "spec.modules.deny[1]: '[z-a]' has the range"),
    ({"cache": {"storage": {"size": "big"}}}, "spec.cache.storage.size: 'big' is not a quantity"),
    ({"pod": {"resources": {"limits": {"cpu": "much"}}}}, "spec.pod.resources.limits.cpu: 'much' is not a quantity"),
    ({"expose": {"pathPrefix": "go/"}}, "spec.expose.pathPrefix: 'go/' is no path prefix"),
    (
        {"expose": {"ingress": {"host": "https://a.b"}}},
        "spec.expose.ingress.host: 'https://a.b' is no host name: write",
    ),
    ({"expose": {"ingress": {"host": "10.0.0.1"}}}, "'10.0.0.1' is an address: write a host name"),
    ({"expose": {"ingress": {"host": "a.b", "className": "N"}}}, "spec.expose.ingress.className: 'N' is no name"),
    ({"expose": {"gateway": {"host": "a.b"}}}, "spec.expose.gateway.parentRef: "),
    ({"expose": {"service": {"type": "ExternalName"}}}, "spec.expose.service.type: "),
    ({"expose": {"service": {"loadBalancerClass": "a"}}}, "loadBalancerClass is for type LoadBalancer only: write"),
    (
        {"expose": {"service": {"type": "LoadBalancer", "loadBalancerClass": "a/b/c"}}},
        "spec.expose.service.loadBalancerClass: 'a/b/c' is no class of load balancers",
    ),
    (
        {"expose": {"service": {"annotations": {"goproxy-operator.dev/a": ""}}}},
        "spec.expose.service.annotations: annotations under goproxy-operator.dev/ are the operator's own",
    ),
    ({"expose": {"tls": {"secretName": "A"}}}, "spec.expose.tls.secretName: 'A' is no name of a Secret"),
    ({"expose": {"tls": {"secretName": "a", "dnsNames": ["a.b"]}}}, "dnsNames are for a certificate that an issuer"),
    ({"monitoring": {"rules": "Yes"}}, "spec.monitoring.rules: "),
    ({"monitoring": {"labels": {"goproxy-operator.dev/fleet": "b"}}}, "spec.monitoring.labels: labels under"),
    ({"pod": {"serviceAccountName": "a", "serviceAccountAnnotations": {"a": "b"}}}, "annotate the one of serviceAcc"),
    ({"pod": {"affinity": {"zone": {}}}}, "spec.pod.affinity.zone: unknown field"),
    ({"pod": {"affinity": {"nodeAffinity": {"required": {}}}}}, "spec.pod.affinity.nodeAffinity.required: unknown"),
]


@pytest.mark.parametrize(("spec", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_where_there_is_no_api_server_the_models_refuse(spec: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidGoProxyError) as refused:
        parse_goproxy(document(**spec))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["Team", "1team", "team-", "a" * 41, "team.a", ""])
def test_a_name_that_no_service_could_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidGoProxyError, match=r"metadata\.name: .* write for example team-a"):
        parse_goproxy(document(name))


def test_another_kind_is_refused() -> None:
    with pytest.raises(InvalidGoProxyError, match=r"is no GoProxy: write apiVersion: .*, not 'v1' and 'Secret'"):
        parse_goproxy({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})
