"""What the config says of the way to the object store."""

from pathlib import Path
from typing import Any

import pytest

from modproxy.contract.config import Config
from modproxy.source.way_out.bucket_settings import bucket_settings
from tests.modproxy.bucket.site import put_keys
from tests.secrecy.registry import new_secret


def config(folder: Path, **upstream: Any) -> Config:
    store = {"url": "s3://mods/p", "secretName": "bucket"}
    document = {"secretsDir": str(folder), "upstream": upstream, "cache": {"objectStore": store}}
    return Config.model_validate(document)


def test_a_config_without_one_has_none() -> None:
    assert bucket_settings(Config()) is None


def test_the_same_config_gives_the_same_settings(tmp_path: Path) -> None:
    proxy = {"url": "http://egress.example.com:3128", "noProxy": [".example.org"], "secretName": "egress"}
    assert bucket_settings(config(tmp_path, httpProxy=proxy)) == bucket_settings(config(tmp_path, httpProxy=proxy))
    assert bucket_settings(config(tmp_path, httpProxy=proxy)) != bucket_settings(config(tmp_path))


def test_the_http_proxy_and_its_exceptions(tmp_path: Path) -> None:
    password = new_secret("egress@/:")
    put_keys(tmp_path / "egress", username="robot", password=password)
    proxy = {"url": "http://egress.example.com:3128", "noProxy": [".example.org"], "secretName": "egress"}
    settings = bucket_settings(config(tmp_path, httpProxy=proxy))
    assert settings is not None
    assert settings.secret == tmp_path / "bucket"
    found = settings.proxy("https://s3.example.com")
    assert found is not None
    assert found.startswith("http://robot:egress%40%2F%3A-")
    assert found.endswith("@egress.example.com:3128")
    assert settings.proxy("https://s3.example.org") is None
    (tmp_path / "egress" / "password").unlink()
    with pytest.raises(FileNotFoundError):
        settings.proxy("https://s3.example.com")
