"""`access` of the config: what of the object reaches the replicas."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goproxy_operator.desired.config.access import ClusterIssuer, access_config
from modproxy.contract.config import AccessConfig, Config, dump_config, parse_config
from tests.operator.objects import goproxy

KEYS = '{"keys":[{"kid":"a","kty":"RSA"}]}'
CLUSTER = ClusterIssuer("https://kubernetes.default.svc", KEYS)
WHOLE: dict[str, Any] = {
    "anonymous": ["read"],
    "basic": {"secretName": "users"},
    "oidc": [
        {
            "issuer": "https://sso.example.com",
            "audience": "goproxy",
            "usernameClaim": "upn",
            "usernamePrefix": "sso:",
            "groupsClaim": "groups",
            "groupsPrefix": "sso:",
        },
        {"issuer": "https://forge.example.com", "audience": "goproxy"},
    ],
    "serviceAccounts": {"audience": "goproxy"},
    "trustedProxy": {
        "cidrs": ["10.1.0.0/16"],
        "secretName": "edge",
        "secretHeader": "X-S",
        "userHeader": "X-U",
        "groupsHeader": "X-G",
    },
    "hide": True,
    "rules": [
        {
            "users": ["alice"],
            "groups": ["developers"],
            "serviceAccounts": ["ci/builder"],
            "modules": ["*"],
            "verbs": ["read", "fetch"],
        }
    ],
}


def made(cluster: ClusterIssuer | None = CLUSTER, **access: Any) -> AccessConfig | None:
    return access_config(goproxy(access={**access, "insecure": True}).spec.access, cluster)


def test_every_field_has_the_same_name_and_value() -> None:
    config = made(**WHOLE)
    accounts = {"audience": "goproxy", "issuer": CLUSTER.issuer, "keys": KEYS}
    dumped = json.loads(dump_config(Config(access=config)))["access"]
    assert dumped == {**WHOLE, "serviceAccounts": accounts}
    assert parse_config(dump_config(Config(access=config))).access == config


def test_without_the_section_nothing_is_said() -> None:
    assert access_config(goproxy().spec.access, CLUSTER) is None
    assert "access" not in json.loads(dump_config(Config()))


def test_an_empty_section_is_another_thing_than_none() -> None:
    assert made() == AccessConfig()
    assert json.loads(dump_config(Config(access=AccessConfig()))) == {"access": {}}


@pytest.mark.parametrize("cluster", [CLUSTER, None])
def test_keys_of_the_cluster_are_told_where_they_are_asked_for(cluster: ClusterIssuer | None) -> None:
    config = made(cluster, serviceAccounts={"audience": "goproxy"})
    assert config is not None and config.service_accounts is not None
    assert config.service_accounts.issuer == (cluster and cluster.issuer)
    assert made(cluster, anonymous=["read"]) == AccessConfig.model_validate({"anonymous": ["read"]})


def test_consent_to_children_alone_says_nothing_of_clients() -> None:
    def config(**access: Any) -> AccessConfig | None:
        return access_config(goproxy(access=access).spec.access, CLUSTER)

    children = {"namespaces": "All"}
    assert config(children=children) is None
    assert config(children=children, anonymous=[]) == config() == AccessConfig()
