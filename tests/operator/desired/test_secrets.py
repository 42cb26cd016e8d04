"""The Secrets that an object names, as the pods of its replicas have them."""

from __future__ import annotations

from typing import Any

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.pod_template import pod_template
from goproxy_operator.desired.secrets import keys_of, referenced_secrets
from modproxy.contract.config import Config
from modproxy.contract.secret_keys import SERVING_KEYS, TRUSTED_PROXY_KEYS, UPSTREAM_KEYS, USERS_KEYS
from tests.operator.desired.fleet_children import CREDENTIALS, TLS, private, spec_of
from tests.operator.objects import goproxy


def pod(fleet: GoProxy) -> dict[str, Any]:
    spec: dict[str, Any] = pod_template(fleet, "modproxy:1")["spec"]
    return spec


def test_each_secret_is_named_once() -> None:
    assert referenced_secrets(private()) == ("ca", "egress", "git", "git-ssh")
    assert referenced_secrets(goproxy(upstream={"httpProxy": {"url": "http://a.example.com"}})) == ()


def test_they_are_one_volume_where_the_replicas_look_for_them() -> None:
    (volume,) = (volume for volume in pod(private())["volumes"] if volume["name"] == "secrets")
    assert volume["projected"]["defaultMode"] == 0o440
    sources = [source["secret"] for source in volume["projected"]["sources"]]
    assert [source["name"] for source in sources] == ["ca", "egress", "git", "git-ssh"]
    assert all(source["optional"] for source in sources), "what is missing must not keep a pod from starting"
    assert {item["key"]: item["path"] for item in sources[2]["items"]} == {
        "username": "git/username",
        "password": "git/password",
        "ssh-privatekey": "git/ssh-privatekey",
        "known_hosts": "git/known_hosts",
        "ca.crt": "git/ca.crt",
    }
    (container,) = pod(private())["containers"]
    (mount,) = (mount for mount in container["volumeMounts"] if mount["name"] == "secrets")
    assert mount == {"name": "secrets", "mountPath": Config().secrets_dir, "readOnly": True}


def test_without_a_secret_there_is_no_volume() -> None:
    spec = pod(goproxy())
    assert [volume["name"] for volume in spec["volumes"]] == ["config", "tmp", "peer-token"]
    assert "/etc/modproxy/secrets" not in str(spec["containers"])


def test_only_a_new_reference_rolls_pods() -> None:
    assert pod(private(credentials=CREDENTIALS[::-1])) == pod(private())
    another_use = {"pattern": "github.com/acme", "secretName": "egress"}
    assert pod(private(credentials=[*CREDENTIALS, another_use])) == pod(private())
    assert pod(private(trustedCASecretName="other")) != pod(private())


def test_the_certificates_secret_alone_shows_its_keys_to_the_replicas() -> None:
    fleet = goproxy(expose={"tls": TLS}, upstream={"trustedCASecretName": "ca"})
    assert referenced_secrets(fleet) == ("ca", "edge")
    volumes = spec_of(fleet, "StatefulSet")["template"]["spec"]["volumes"]
    (volume,) = (volume for volume in volumes if volume["name"] == "secrets")
    keys = {
        source["secret"]["name"]: tuple(item["key"] for item in source["secret"]["items"])
        for source in volume["projected"]["sources"]
    }
    assert keys == {"ca": UPSTREAM_KEYS, "edge": (*UPSTREAM_KEYS, *SERVING_KEYS)}


def test_a_secret_with_users_shows_nothing_else_to_the_replicas() -> None:
    access = {
        "basic": {"secretName": "users"},
        "trustedProxy": {"cidrs": ["10.1.0.0/16"], "secretName": "edge"},
        "insecure": True,
    }
    assert {name: keys_of(goproxy(access=access), name) for name in referenced_secrets(goproxy(access=access))} == {
        "edge": TRUSTED_PROXY_KEYS,
        "users": USERS_KEYS,
    }
    access["basic"] = {"secretName": "edge"}
    both = goproxy(access=access, upstream={"trustedCASecretName": "edge"}, expose={"tls": {"secretName": "edge"}})
    assert keys_of(both, "edge") == (*UPSTREAM_KEYS, *SERVING_KEYS, *USERS_KEYS, *TRUSTED_PROXY_KEYS)
