"""The answer of /-/why as people read it."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.output import drawn
from goproxy_operator.why.goproxy_setting import proxy_of
from goproxy_operator.why.view import why_view
from modproxy.contract.why import Check, Copy, Decision, Outcome, Route, Step, Vulnerability, Why


def answer(**changed: Any) -> Why:
    made: dict[str, Any] = {
        "module": "example.com/m", "version": "v1.2.3", "resolved": "v1.2.3", "principal": "jane", "decision": "allowed"
    }  # fmt: skip
    return Why(**{**made, **changed})


def test_the_verdict_is_the_first_line() -> None:
    assert drawn(why_view(answer())).startswith("example.com/m@v1.2.3 is ALLOWED for jane\n")
    refused = answer(decision=Decision.REFUSED, status=403, by="age", text="forbidden: too young\nask the owners\n")
    text = drawn(why_view(refused))
    assert text.startswith("example.com/m@v1.2.3 is REFUSED for jane, by age, with 403\n  forbidden: too young\n  ask")
    assert "nobody knows yet" in drawn(why_view(answer(decision=Decision.UNKNOWN)))
    latest = answer(version="latest")
    assert "example.com/m@latest (which means v1.2.3)" in drawn(why_view(latest))


def test_each_check_has_its_reason_and_its_rule() -> None:
    flaw = Vulnerability(id="GO-2027-0001", refuses=True, fixed=("v1.2.4",))
    checks = (
        Check(name="modules", outcome=Outcome.PASSES, reason="the allowlist has it", rule="example.com/*"),
        Check(name="vulnerabilities", outcome=Outcome.REFUSES, reason="it is known to be bad", vulnerabilities=(flaw,)),
        Check(name="licenses", outcome=Outcome.WOULD_REFUSE, reason="GPL-3.0 is not allowed", licenses=("GPL-3.0",)),
        Check(name="age", outcome=Outcome.UNKNOWN, reason="a fetch tells", published="2027-01-01T00:00:00Z"),
    )
    lines = drawn(why_view(answer(checks=checks))).split("\n")
    assert "  + modules: the allowlist has it [example.com/*]" in lines
    assert "  x vulnerabilities refuses: it is known to be bad" in lines
    assert "      GO-2027-0001, fixed in v1.2.4" in lines
    assert "  ! licenses would refuse (DryRun): GPL-3.0 is not allowed" in lines
    assert "  ? age is not known: a fetch tells" in lines


def test_the_way_and_the_copies_are_told() -> None:
    made = answer(
        route=Route.PUBLIC,
        steps=(
            Step(kind="peer", name="team-a-1"),
            Step(kind="upstream", name="https://up.example.com", credential="up"),
        ),
        held=(Copy(place="disk", kinds=("zip",), size_bytes=10, vouched_by="sum.example.com"),),
    )
    text = drawn(why_view(made))
    assert "1. peer team-a-1" in text
    assert "2. upstream https://up.example.com, with the login of Secret up" in text
    assert "on the disk of the replica: zip, 10B" in text
    assert "vouched for by sum.example.com" in text


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("https://a.example.com,direct\n", "https://a.example.com"),
        ("off", None),
        ("direct", None),
        ("direct|http://b.example.com", "http://b.example.com"),
        ("", None),
        ("file:///x,https://c.example.com/p", "https://c.example.com/p"),
    ],
)
def test_the_first_proxy_of_the_setting(setting: str, url: str | None) -> None:
    assert proxy_of(setting) == url
