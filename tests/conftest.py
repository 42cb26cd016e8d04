"""The order of all tests: those that need Kubernetes come last, while it is built beside the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kubernetes.background import Background

pytest_plugins = ["tests.kubernetes.fixtures", "tests.secrecy.plugin"]

HERE = Path(__file__).parent
# In this order, after all others; with what has to be built for them, which begins with the first test.
LAST = {
    "kubernetes": ["kubernetes"],
    "operator": ["kubernetes"],
    "neighbours": ["kubernetes", "kstatus"],
    "chart": ["kubernetes", "helm"],
    "e2e": ["kubernetes", "helm", "nodes", "images", "dex"],
}
_STOP_BUILD = pytest.StashKey[Callable[[], None]]()


def _place(item: pytest.Item) -> int:
    folder = item.path.relative_to(HERE).parts[0]
    return 1 + list(LAST).index(folder) if folder in LAST else 0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those that need Kubernetes last; the order is otherwise kept."""
    items.sort(key=_place)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start building what the tests that were chosen need."""
    places = {_place(item) for item in session.items}
    wanted = [part for place, parts in enumerate(LAST.values(), start=1) if place in places for part in parts]
    if wanted and not session.config.option.collectonly:
        session.config.stash[_STOP_BUILD] = Background("tests.kubernetes.prepare", *dict.fromkeys(wanted)).stop


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the build, should it still run."""
    if (stop := session.config.stash.get(_STOP_BUILD, None)) is not None:
        stop()
