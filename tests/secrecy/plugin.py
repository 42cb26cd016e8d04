"""Fails a test whose programs have shown a secret."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.secrecy.registry import REGISTRY
from tests.secrecy.watch import WATCH


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin with nothing of the test before."""
    REGISTRY.begin_test()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what code that runs inside of the test has logged and printed."""
    report = yield
    if report.passed:
        for title, text in report.sections:
            WATCH.saw(title, text)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Search what was noted, once everything that the test has started has ended."""
    yield
    if leaks := WATCH.leaks():
        pytest.fail("secrets are shown:\n" + "\n".join(leaks), pytrace=False)
