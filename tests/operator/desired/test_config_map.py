"""The files of the replicas, as a ConfigMap."""

from __future__ import annotations

from modproxy.contract.config import parse_config
from tests.operator.desired.fleet_children import child
from tests.operator.objects import goproxy


def test_an_allowlist_that_is_named_is_in_force_even_when_it_is_empty() -> None:
    fleet = goproxy(modules={"allowlistConfigMapName": "shared"})
    config_map = child(fleet, "ConfigMap", allowlist="")
    assert config_map["data"]["allowlist"] == ""
    assert parse_config(config_map["data"]["config.json"]).modules.allowlist_file == "allowlist"
    assert config_map["metadata"]["annotations"]["goproxy-operator.dev/allowlist-from"] == "shared"
