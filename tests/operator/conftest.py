"""The order of the operator's tests."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the test of the operator's rights last, because it judges what the operator did in all other tests."""
    items.sort(key=lambda item: item.path.name == "test_rights.py")
