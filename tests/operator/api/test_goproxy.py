"""How a document becomes a `GoProxy`."""

from __future__ import annotations

import pytest

from goproxy_operator.api.goproxy import InvalidGoProxyError, parse_goproxy


def test_another_kind_is_refused() -> None:
    with pytest.raises(InvalidGoProxyError, match=r"is no GoProxy: write apiVersion: .*, not 'v1' and 'Secret'"):
        parse_goproxy({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})
