"""The order of all tests: those that need Kubernetes come last, while it is built beside the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster import kube_binary

CONTROL = Path(__file__).parent / "control"
_STOP_BUILD = pytest.StashKey[Callable[[], None]]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests/control last; the order is otherwise kept."""
    items.sort(key=lambda item: item.path.is_relative_to(CONTROL))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the build, if a test that was chosen needs it."""
    needed = any("programs" in getattr(item, "fixturenames", ()) for item in session.items)
    if needed and not session.config.option.collectonly:
        session.config.stash[_STOP_BUILD] = kube_binary.start_in_background().stop


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the build, should it still run."""
    if (stop := session.config.stash.get(_STOP_BUILD, None)) is not None:
        stop()
