"""The Secrets that an object names, as the pods of its replicas have them."""

from __future__ import annotations

from typing import Any

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.pod_template import pod_template
from goproxy_operator.desired.secrets import referenced_secrets
from modproxy.contract.config import Config, CredentialConfig, parse_config
from tests.operator.objects import goproxy

CREDENTIALS = [
    {"pattern": "git.corp.example.com", "secretName": "git"},
    {"pattern": "git.corp.example.com/secret", "secretName": "git-ssh"},
    {"pattern": "goproxy.example.com", "secretName": "git"},
]
PROXY = {"url": "http://egress.corp.example.com:3128", "secretName": "egress"}


def private(**changed: Any) -> GoProxy:
    given = {"credentials": CREDENTIALS, "trustedCASecretName": "ca", "httpProxy": PROXY}
    return goproxy(upstream=given | changed)


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
    assert [volume["name"] for volume in spec["volumes"]] == ["config", "tmp"]
    assert "secrets" not in str(spec["containers"])


def test_only_a_new_reference_rolls_pods() -> None:
    assert pod(private(credentials=CREDENTIALS[::-1])) == pod(private())
    another_use = {"pattern": "github.com/acme", "secretName": "egress"}
    assert pod(private(credentials=[*CREDENTIALS, another_use])) == pod(private())
    assert pod(private(trustedCASecretName="other")) != pod(private())


def test_the_replicas_are_told_names_and_uses() -> None:
    upstream = parse_config(documents(private(), 1, None).config).upstream
    assert upstream.credentials[1] == CredentialConfig(pattern="git.corp.example.com/secret", secret_name="git-ssh")
    assert upstream.trusted_ca_secret_name == "ca"
    assert upstream.http_proxy is not None
    assert upstream.http_proxy.secret_name == "egress"
