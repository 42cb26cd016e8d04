"""What `why` says is what a GET gets: over many configs and principals, in one process that has all of a replica."""

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from modproxy.contract.why import Decision
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.live.test_minimum_age import vulnerable
from tests.modproxy.live.why_site import (
    ACCESS,
    EVIL,
    LICENSED,
    MODULES,
    PEOPLE,
    VULNERABLE,
    M,
    same,
    site,
)

PATTERNS: tuple[dict[str, Any], ...] = (
    {},
    {"deny": [EVIL]},
    {"deny": [EVIL], "mode": "DryRun"},
    {"allow": [M, LICENSED]},
    {"imposed": {"by": "GoProxyClass strict", "deny": [EVIL]}},
    {"imposed": {"by": "GoProxyClass strict", "allow": [M, VULNERABLE]}, "deny": [M]},
)
FACTS: tuple[dict[str, Any], ...] = (
    {},
    {"denyVulnerable": True},
    {"denyVulnerable": True, "vulnerabilities": {"mode": "DryRun"}},
    {"minimumAge": "240000h"},
    {"minimumAge": "1h"},
    {"minimumAge": "240000h", "minimumAgeMode": "DryRun"},
    {"minimumAge": "240000h", "minimumAgeExclude": [M]},
    {"licenses": {"allow": ["MIT"], "unknown": "Deny", "mode": "Enforce"}},
    {"licenses": {"deny": ["MIT"], "mode": "Enforce"}},
    {"licenses": {"deny": ["MIT"], "mode": "DryRun"}},
)
SOME = random.Random(17).sample(list(itertools.product(ACCESS, PATTERNS, FACTS)), 60)


@pytest.mark.parametrize(("access", "patterns", "facts"), SOME)
async def test_why_says_what_a_get_gets(
    modules: FakeUpstream, tmp_path: Path, access: Any, patterns: dict[str, Any], facts: dict[str, Any]
) -> None:
    database = tmp_path / "vulndb"
    vulnerable(database, fixed="1.1.0")
    section = {**patterns, **facts}
    if section.get("denyVulnerable"):
        section["vulnerabilities"] = {**section.get("vulnerabilities", {}), "url": database.as_uri()}
    config: dict[str, Any] = {"modules": section}
    if access is not None:
        config["access"] = access
    async with site(tmp_path, modules, config) as here:
        # Those who may fetch come last, so that the others find what is held and what is not.
        for who in (PEOPLE[3], PEOPLE[0], PEOPLE[2], PEOPLE[1], PEOPLE[3], PEOPLE[0]):
            for module in MODULES:
                before = await here.why(module, "v1.0.0", who)
                gets = [await here.get(f"{module}/@v/v1.0.0.{kind}", who) for kind in ("info", "mod", "zip")]
                after = await here.why(module, "v1.0.0", who)
                same(before, gets, f"{who} {module} before")
                same(after, gets, f"{who} {module} after")
                assert after[2] is None or after[2].decision is not Decision.UNKNOWN or gets[0][0] != 200
                listed = await here.why(module, "", who)
                same(listed, [await here.get(f"{module}/@v/list", who)], f"{who} {module} list", versions=False)
