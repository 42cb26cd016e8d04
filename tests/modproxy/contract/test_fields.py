"""The types of values in the config document: which values each accepts, and the errors for other values."""

import json

import pytest

from modproxy.contract.config import ConfigError, parse_config


@pytest.mark.parametrize(
    "document",
    [
        {"upstream": {"goproxy": "https://goproxy.example.com|direct", "gosumdb": "off"}},
        {"upstream": {"goprivate": ["*.corp.example.com"], "credentials": [{"pattern": "a.com", "secretName": "a.b"}]}},
        {"upstream": {"httpProxy": {"url": "http://egress.example.com:3128", "noProxy": ["10.0.0.0/8"]}}},
        {"listen": ":8080", "admin": "[::1]:0", "pathPrefix": "/a/b"},
        {"cache": {"listTTL": "1m30s", "inactive": "720h"}, "shutdown": {"delay": "0s"}},
    ],
)  # fmt: skip
def test_what_is_taken(document: dict[str, object]) -> None:
    parse_config(json.dumps(document))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"upstream": {"goproxy": "ftp://x"}}, "upstream.goproxy: "),
        ({"upstream": {"gosumdb": "unknown.example.com"}}, "upstream.gosumdb: the key of 'unknown.example.com'"),
        ({"upstream": {"goprivate": ["["]}}, "upstream.goprivate[0]: "),
        ({"upstream": {"trustedCASecretName": "A"}}, "upstream.trustedCASecretName: 'A' is no name of a Secret"),
        ({"upstream": {"trustedCASecretName": "a..b"}}, "upstream.trustedCASecretName: 'a..b' is no name of a Secret"),
        ({"upstream": {"httpProxy": {"url": "https://x"}}}, "upstream.httpProxy.url: 'https://x' is no HTTP proxy"),
        ({"upstream": {"httpProxy": {"url": "http://x:99999"}}}, "upstream.httpProxy.url: 'http://x:99999' is no"),
        ({"upstream": {"httpProxy": {"url": "http://x:abc"}}}, "upstream.httpProxy.url: 'http://x:abc' is no"),
        ({"upstream": {"httpProxy": {"url": "http://[::1"}}}, "upstream.httpProxy.url: 'http://[::1' is no"),
        ({"upstream": {"httpProxy": {"url": "http://u:pw@x"}}}, "upstream.httpProxy.url: "),
        ({"pathPrefix": "/go/"}, "pathPrefix: '/go/' is no path prefix: write it as /go"),
        ({"cache": {"listTTL": "5"}}, "cache.listTTL: '5' is not a duration"),
        ({"cache": {"highWatermarkPercent": 50, "lowWatermarkPercent": 60}}, "cache: lowWatermarkPercent 60 is not "),
    ],
)  # fmt: skip
def test_what_is_refused(document: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(json.dumps(document))
    assert str(caught.value).startswith(said)
    assert "pw" not in str(caught.value)
