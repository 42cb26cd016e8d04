"""Who may ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.metrics_api.rules.front_proxy import FrontProxyError, read_front_proxy, refusal
from tests.kubernetes.certificates import Authority

NAMES = frozenset({"front-proxy-client", "other"})


def peer(*names: str) -> dict[str, Any]:
    return {"subject": ((("organizationName", "o"),), *((("commonName", name),) for name in names))}


@pytest.mark.parametrize(
    ("names", "who", "code"),
    [
        (NAMES, peer("front-proxy-client"), None),
        (NAMES, peer("other"), None),
        (NAMES, peer("stranger"), 403),
        (NAMES, peer(), 403),
        # The last is the most specific one, and the one that the API server itself reads.
        (NAMES, peer("front-proxy-client", "stranger"), 403),
        (NAMES, {}, 401),
        (NAMES, None, 401),
        (frozenset(), peer("anybody"), None),
        (frozenset(), {}, 401),
    ],
)
def test_refusal(names: frozenset[str], who: dict[str, Any] | None, code: int | None) -> None:
    refused = refusal(names, who)
    assert (refused and refused[0]) == code


def test_what_the_api_server_publishes(tmp_path: Path) -> None:
    text = Authority(tmp_path, "front-proxy-ca").file.read_text()
    data = {"requestheader-client-ca-file": text, "requestheader-allowed-names": '["front-proxy-client"]'}
    assert read_front_proxy({"data": data}).names == {"front-proxy-client"}
    assert read_front_proxy({"data": {"requestheader-client-ca-file": text}}).names == frozenset()
    for config_map, message in (
        (None, "does not exist: is aggregation switched on"),
        ({}, "start the API server with --requestheader-client-ca-file"),
        ({"data": data | {"requestheader-client-ca-file": "no"}}, "cannot be read"),
        ({"data": data | {"requestheader-allowed-names": "no"}}, "cannot be read"),
    ):
        with pytest.raises(FrontProxyError, match=message):
            read_front_proxy(config_map)
