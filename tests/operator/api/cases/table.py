"""The whole table: the models (api/test_rule.py) and the API server (live/test_refusals.py) are tested by it."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases import (
    access,
    audit,
    autoscaling,
    cache,
    expose,
    hosted,
    modules,
    monitoring,
    pod,
    sharing,
    spec,
    upstream,
)
from tests.operator.api.cases.case import Case

_SECTIONS = (spec, access, audit, autoscaling, upstream, modules, cache, sharing, hosted, expose, monitoring, pod)
REFUSED: list[Case] = [case for section in _SECTIONS for case in section.REFUSED]
ACCEPTED: list[dict[str, Any]] = [accepted for section in _SECTIONS for accepted in section.ACCEPTED]
NAMES = ("Team", "1team", "team-", "a" * 41, "team.a", "")
"""Of objects: those that no Service could have."""
NAME_MESSAGE = (
    "metadata.name must start with a letter, hold only a-z, 0-9 and -, and have at most 40 characters: write for "
    "example team-a"
)
