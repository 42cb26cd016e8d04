"""Which neighbours are run: `make neighbours` names them. Those that take minutes to build are run by nothing else."""

from __future__ import annotations

import os

import pytest

VARIABLE = "NEIGHBOURS"


def only_when_chosen(name: str) -> pytest.MarkDecorator:
    """Mark a file of tests as that of a neighbour which `make test` leaves out."""
    chosen = name in os.environ.get(VARIABLE, "").split()
    return pytest.mark.skipif(not chosen, reason=f"it takes minutes to build: `make neighbours ARGS={name}` runs it")
