"""Faults of the program, told for a while."""

import logging

from modproxy.faults import Faults


def fault(name: str, error: Exception | None, level: int = logging.ERROR) -> logging.LogRecord:
    info = (type(error), error, None) if error else None
    return logging.LogRecord(name, level, "", 0, "the fetch of %s failed", ("example.com/secret",), info)


def test_what_is_told_and_for_how_long() -> None:
    now = [0.0]
    faults = Faults(lambda: now[0])
    faults.handle(fault("modproxy.cache.flight", KeyError("secret")))
    faults.handle(fault("modproxy.cache.flight", KeyError("another")))
    faults.handle(fault("modproxy.cache.flight", None))
    faults.handle(fault("modproxy.background", KeyError("told otherwise")))
    told, *others = faults.warnings
    assert others == []
    assert told.startswith("a fault of this program: KeyError in modproxy.cache.flight: ")
    assert "secret" not in told
    now[0] = 599.0
    assert len(faults.warnings) == 1
    now[0] = 601.0
    assert len(faults.warnings) == 0


def test_faults_are_bounded() -> None:
    faults = Faults(lambda: 0.0)
    for number in range(100):
        faults.handle(fault(f"modproxy.x{number}", KeyError()))
    assert len(faults.warnings) == 8
