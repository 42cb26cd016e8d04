"""The config of the replicas: what the object says reaches them, what it leaves out keeps their defaults."""

from __future__ import annotations

import json

import pytest

from goproxy_operator.desired.config.document import Placement, replica_config, storage_bytes
from goproxy_operator.desired.config_map import documents
from modproxy.contract.config import Config, HttpProxyConfig, config_hash, parse_config
from tests.operator.desired.fleet_children import EVERYTHING
from tests.operator.objects import UID, goproxy


def test_what_the_object_leaves_out_keeps_the_replicas_own_defaults() -> None:
    files = documents(goproxy(), 10 * 2**30, None)
    assert json.loads(files.config) == {
        "id": UID,
        "fleet": "build/team-a",
        "listen": ":8080",
        "admin": ":8081",
        "cache": {"dir": "/var/cache/modproxy/modules", "sizeBytes": 10 * 2**30},
        "peers": {"host": "team-a-replicas.build.svc", "proof": {"peers": ["build/team-a"]}},
        "shutdown": {"delay": "5s"},
    }
    assert files.allowlist is None
    assert files.hash == config_hash(files.config)


@pytest.mark.parametrize(
    ("docs", "told"), [("docs", None), ("https://docs.example.com/goproxy", "https://docs.example.com/goproxy")]
)
def test_clients_are_told_of_pages_that_have_a_url(docs: str, told: str | None) -> None:
    assert parse_config(documents(goproxy(), 10 * 2**30, None, docs=docs).config).docs == told


def test_every_field_reaches_the_replicas() -> None:
    config = parse_config(documents(goproxy(**EVERYTHING), 50 * 2**30, None).config)
    assert config.upstream.goproxy == "https://goproxy.example.com,direct"
    assert config.upstream.gosumdb == "off"
    assert config.upstream.goprivate == ("*.corp.example.com",)
    assert config.upstream.gonoproxy == config.upstream.not_proxied == ("git.corp.example.com",)
    assert config.upstream.gonosumdb == config.upstream.not_verified == ()
    assert config.upstream.http_proxy == HttpProxyConfig(
        url="http://egress.corp.example.com:3128", no_proxy=(".corp.example.com",)
    )
    assert config.upstream.timeout == 10
    assert config.upstream.direct_timeout == 540
    assert config.modules.mode == "DryRun"
    assert config.modules.allow == ("github.com/acme",)
    assert config.modules.deny == ("github.com/evil",)
    assert config.modules.allowlist_file is None
    assert config.modules.contact == "#go-modules"
    assert config.cache.size_bytes == 50 * 2**30
    assert (config.cache.high_watermark_percent, config.cache.low_watermark_percent) == (70, 60)
    assert config.cache.inactive == 720 * 3600
    assert config.cache.list_ttl == 300
    assert config.cache.not_found_ttl == 0
    assert config.cache.stale_if_error == 72 * 3600
    assert config.cache.revalidation_seconds == 90
    assert config.path_prefix == "/go"


def test_locally_the_same_object_gives_the_same_rules() -> None:
    place = Placement("127.0.0.1:9", "127.0.0.1:10", "cache", None, storage_bytes(goproxy(**EVERYTHING)))
    local = replica_config(goproxy(**EVERYTHING), place)
    in_cluster = parse_config(documents(goproxy(**EVERYTHING), 50 * 2**30, None).config)
    assert isinstance(local, Config)
    assert (local.modules, local.upstream, local.path_prefix) == (
        in_cluster.modules,
        in_cluster.upstream,
        in_cluster.path_prefix,
    )
    assert storage_bytes(goproxy()) is None
