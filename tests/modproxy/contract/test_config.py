"""The config document: how it is written, read, refused and named."""

import pytest

from modproxy.contract.config import Config, ConfigError, config_hash, dump_config, parse_config


def test_a_config_is_written_as_what_differs_from_the_defaults() -> None:
    assert dump_config(Config()) == "{}\n"
    config = parse_config(
        '{"cache": {"listTTL": "5m", "sizeBytes": 10}, "modules": {"mode": "DryRun", "deny": ["a.com"]}}'
    )
    assert parse_config(dump_config(config)) == config
    assert '"listTTL": "5m"' in dump_config(config)
    assert "allow" not in dump_config(config)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ('{"pathPrefix": "go"}', "pathPrefix: "),
        ('{"cache": {"listTTL": 5.5}, "x": 1}', "x: "),
        ('{"modules": {"deny": "a.com"}}', "modules.deny: "),
        ('{"id": "a b"}', "id: "),
        ('{"cache": {"listTTL": "-1s"}}', "cache.listTTL: "),
    ],
)
def test_a_bad_document_names_the_field(document: str, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(document)
    assert str(caught.value).startswith(field)


def test_a_hash_names_both_documents() -> None:
    assert config_hash("{}") != config_hash("{}", "")
    assert config_hash("{}", "a") != config_hash("{}", "b")
    assert len(config_hash("{}")) == 12
