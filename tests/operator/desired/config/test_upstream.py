"""Where the replicas are told to find modules, and with which Secrets."""

from __future__ import annotations

from goproxy_operator.desired.config_map import documents
from modproxy.contract.config import CredentialConfig, parse_config
from tests.operator.desired.fleet_children import private
from tests.operator.objects import goproxy


def test_what_is_private_is_the_default_of_what_is_neither_proxied_nor_verified() -> None:
    fleet = goproxy(upstream={"goprivate": ["a.example.com"]})
    config = parse_config(documents(fleet, 1, None).config)
    assert (config.upstream.gonoproxy, config.upstream.gonosumdb) == (None, None)
    assert config.upstream.not_proxied == config.upstream.not_verified == ("a.example.com",)


def test_the_replicas_are_told_names_and_uses() -> None:
    upstream = parse_config(documents(private(), 1, None).config).upstream
    assert upstream.credentials[1] == CredentialConfig(pattern="git.corp.example.com/secret", secret_name="git-ssh")
    assert upstream.trusted_ca_secret_name == "ca"
    assert upstream.http_proxy is not None
    assert upstream.http_proxy.secret_name == "egress"


def test_private_targets_are_allowed_by_the_object_alone() -> None:
    for value in (True, False):
        fleet = goproxy(upstream={"allowPrivateTargets": value})
        assert parse_config(documents(fleet, 1, None).config).upstream.allow_private_targets is value
    assert parse_config(documents(goproxy(), 1, None).config).upstream.allow_private_targets is False


def test_in_a_cluster_the_machine_has_no_settings() -> None:
    assert parse_config(documents(goproxy(), 1, None).config).upstream.machine_settings is False
