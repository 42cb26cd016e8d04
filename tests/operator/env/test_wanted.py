"""Which values go gets for a fleet: what the user has is kept, and what goes is told."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.env.candidates import Candidate, CandidatesError, parse_candidates, picked
from goproxy_operator.env.wanted import (
    On,
    diff_of,
    fallback_of,
    goauth,
    kept,
    wanted,
)
from goproxy_operator.env.writing import hidden
from goproxy_operator.go_env.settings import GoEnv, resolve
from goproxy_operator.reach.told_to_clients import exposed_url, hosted_of, private_of, unverified_of

FLEET = "https://goproxy.example.com"
OTHER = "https://other.example.com"


def go_env(**exported: str) -> GoEnv:
    return GoEnv(resolve(exported, {}, {}), "")


@pytest.mark.parametrize(
    ("told", "on", "current", "goproxy"),
    [
        (None, None, f"{OTHER},direct", f"{FLEET},direct"),
        (None, None, f"{OTHER}|direct", f"{FLEET}|direct"),
        (None, None, f"{OTHER},off", f"{FLEET},off"),
        (None, None, OTHER, FLEET),
        (None, None, "direct", FLEET),
        (None, None, "nonsense", FLEET),
        ("none", None, f"{OTHER},direct", FLEET),
        ("direct", None, OTHER, f"{FLEET},direct"),
        ("direct", On.ERROR, OTHER, f"{FLEET}|direct"),
        (OTHER, None, "", f"{FLEET}|{OTHER}"),
        (OTHER, On.ABSENT, "", f"{FLEET},{OTHER}"),
        ("off", None, "", f"{FLEET},off"),
    ],
)
def test_what_comes_after_the_fleet(told: str | None, on: On | None, current: str, goproxy: str) -> None:
    assert wanted(go_env(), FLEET, fallback_of(told, on, current), ()) == {"GOPROXY": goproxy}


@pytest.mark.parametrize(
    ("exported", "patterns"),
    [
        ({}, "fleet.example.com"),
        ({"GOPRIVATE": "mine.example.com"}, "mine.example.com,fleet.example.com"),
        ({"GOPRIVATE": "x", "GONOSUMDB": "a.example.com, b"}, "a.example.com,b,fleet.example.com"),
        ({"GONOSUMDB": "fleet.example.com"}, "fleet.example.com"),
    ],
)  # fmt: skip
def test_patterns_are_added(exported: dict[str, str], patterns: str) -> None:
    values = wanted(go_env(**exported), FLEET, fallback_of("none", None, ""), ["fleet.example.com"])
    assert values["GONOSUMDB"] == patterns
    assert "GOPRIVATE" not in values


def test_the_diff_says_what_goes() -> None:
    env = go_env(GOPROXY=f"{OTHER},direct")
    lines = list(diff_of(env, wanted(env, FLEET, fallback_of("none", None, ""), ["x.example.com"])))
    assert lines[:3] == [f"- GOPROXY={OTHER},direct", f"+ GOPROXY={FLEET}", "+ GONOSUMDB=x.example.com"]
    assert f"no longer asked: {OTHER}, direct" in lines[3]
    assert not list(diff_of(env, {"GOPROXY": f"{OTHER},direct"}))


def test_the_diff_shows_no_login() -> None:
    env = go_env(GOPROXY="https://jane:pass@a.example.com,direct")
    assert "pass" not in "".join(diff_of(env, {"GOPROXY": FLEET}))


def test_pipelines_keep_private_settings() -> None:
    assert kept(go_env(GOPRIVATE="a.example.com", GONOPROXY="none")) == {
        "GOPRIVATE": "a.example.com",
        "GONOPROXY": "none",
    }


H = ["h.example.com"]
G = ["good.example.com"]
SPECS: list[tuple[dict[str, Any], list[str], list[str], list[str]]] = [
    ({}, [], [], []),
    ({"upstream": {"goprivate": ["a.example.com"]}}, ["a.example.com"], [], ["a.example.com"]),
    ({"upstream": {"goprivate": ["a.example.com"], "gonosumdb": []}}, [], [], ["a.example.com"]),
    ({"upstream": {"gonosumdb": ["b.example.com"]}, "hosted": {"modules": H}}, ["b.example.com", *H], H, H),
    ({"upstream": {"goprivate": [1, "a,b", "x\ny", *G, None]}, "hosted": 5}, G, [], G),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "unverified", "hosted", "private"), SPECS)
def test_patterns_of_an_object(spec: Any, unverified: list[str], hosted: list[str], private: list[str]) -> None:
    item = {"spec": spec}
    assert (unverified_of(item), hosted_of(item), private_of(item)) == (unverified, hosted, private)


@pytest.mark.parametrize(
    ("expose", "url"),
    [
        ({}, None),
        ({"ingress": {"host": "a.example.com"}}, "http://a.example.com"),
        (
            {"ingress": {"host": "a.example.com", "tlsSecretName": "x"}, "pathPrefix": "/go/"},
            "https://a.example.com/go",
        ),
        ({"gateway": {"host": "a.example.com"}}, "https://a.example.com"),
        ({"ingress": {"host": "a.example.com/$(id)"}}, None),
        ({"ingress": "x"}, None),
    ],
)
def test_where_a_fleet_is_exposed(expose: Any, url: str | None) -> None:
    assert exposed_url({"spec": {"expose": expose}}) == url


FILE = "# mine\noffice https://a.example.com\n\nhome   https://b.example.com/go # slow\n"


def test_names_pick_a_fleet() -> None:
    both = parse_candidates(FILE)
    assert both == [Candidate("https://a.example.com", "office"), Candidate("https://b.example.com/go", "home")]
    assert picked(both, "") == both
    assert picked(both, "home") == both[1:]
    assert picked(both, "https://c.example.com") == [Candidate("https://c.example.com")]
    with pytest.raises(CandidatesError, match="office, home"):
        picked(both, "train")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "0 fleets"),
        ("office\n", "line 1"),
        ("office x y\n", "line 1"),
        ("a https://a.example.com\na https://b.example.com\n", "twice"),
        ("a ftp://a.example.com\n", "no URL"),
        ("a https://jane:pw@a.example.com\n", "login"),
        ("".join(f"n{i} https://a.example.com\n" for i in range(17)), "1 to 16"),
    ],
)
def test_files_that_are_refused(text: str, why: str) -> None:
    with pytest.raises(CandidatesError, match=why) as caught:
        parse_candidates(text)
    assert "pw" not in str(caught.value)


def test_what_hides_a_value() -> None:
    [one] = hidden(go_env(GOPROXY=OTHER), {"GOPROXY": FLEET})
    assert "unset GOPROXY" in one
    assert hidden(go_env(GOPROXY=FLEET), {"GOPROXY": FLEET}) == []


@pytest.mark.parametrize(
    ("exported", "others"),
    [
        ({}, ";netrc"),
        ({"GOAUTH": "off"}, ""),
        ({"GOAUTH": "git /home/jane; netrc;"}, ";git /home/jane;netrc"),
        ({"GOAUTH": f"netrc;goproxy-operator goauth {FLEET}"}, ";netrc"),
        (
            {"GOAUTH": "goproxy-operator goauth https://other.example.com"},
            ";goproxy-operator goauth https://other.example.com",
        ),
    ],
)
def test_other_logins_stay_in_use(exported: dict[str, str], others: str) -> None:
    assert goauth(go_env(**exported), FLEET) == f"goproxy-operator goauth {FLEET}{others}"
