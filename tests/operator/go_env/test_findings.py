"""What is found wrong with the settings of a go command: each case has the codes of all that is told, and no others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goproxy_operator.go_env.finding import NetrcFile, Surroundings, Weight, without_logins
from goproxy_operator.go_env.findings import findings
from goproxy_operator.go_env.leaks import looks_private
from goproxy_operator.go_env.settings import GoEnv, resolve

FLEET = "https://goproxy.example.com"
GOOD = {"GOPROXY": FLEET, "GOSUMDB": "sum.golang.org"}
HERE = Surroundings(FLEET)


def go_env(exported: dict[str, str], written: dict[str, str] | None = None) -> GoEnv:
    return GoEnv(resolve(exported, written or {}, {}), "/home/jane/.config/go/env", exported=exported)


def codes(exported: dict[str, str], around: Surroundings = HERE, written: dict[str, str] | None = None) -> set[str]:
    return {one.code for one in findings(go_env(exported, written), around)}


NETRC = "machine goproxy.example.com login jane password x\n"
LOGIN = replace(HERE, wants_login=True)
CASES: dict[str, tuple[dict[str, str], Surroundings, set[str]]] = {
    "all well": ({}, HERE, set()),
    "no fleet is meant": ({"GOPROXY": "https://other.example.com"}, Surroundings(), set()),
    "off": ({"GOPROXY": "off"}, HERE, {"goproxy-off"}),
    "direct": ({"GOPROXY": "direct"}, HERE, {"goproxy-direct"}),
    "fleet missing": ({"GOPROXY": "https://other.example.com"}, HERE, {"fleet-missing"}),
    "fleet second": ({"GOPROXY": f"https://other.example.com,{FLEET}"}, HERE, {"fleet-not-first"}),
    "comma": ({"GOPROXY": f"{FLEET}/,direct"}, HERE, {"no-fall-back-on-error"}),
    "bar": ({"GOPROXY": f"{FLEET}|direct"}, HERE, {"falls-back-on-error"}),
    "off at the end": ({"GOPROXY": f"{FLEET},off"}, HERE, set()),
    "after direct": (
        {"GOPROXY": f"{FLEET},direct,https://x.example.com"},
        HERE,
        {"goproxy-ignored", "no-fall-back-on-error"},
    ),
    "no chain": ({"GOPROXY": "nonsense"}, HERE, {"goproxy-malformed"}),
    "vendor": ({"GOFLAGS": "-mod=vendor -trimpath"}, HERE, {"flags-vendor"}),
    "insecure flag": ({"GOFLAGS": "--insecure"}, HERE, {"flags-insecure"}),
    "other flags": ({"GOFLAGS": "-mod=mod -tags=insecure"}, HERE, set()),
    "no database": ({"GOSUMDB": "off"}, HERE, {"sumdb-off"}),
    "no such database": ({"GOSUMDB": "sum.example.com"}, HERE, {"sumdb-malformed"}),
    "nothing verified": ({"GONOSUMDB": "*"}, HERE, {"sumdb-for-nothing"}),
    "private URL": ({"GOPRIVATE": "https://git.example.com"}, HERE, {"dead-pattern"}),
    "none": (
        {"GOPRIVATE": "git.example.com", "GONOPROXY": "none", "GONOSUMDB": "git.example.com"},
        HERE,
        {"overrides-private"},
    ),
    "overridden": ({"GOPRIVATE": "a.example.com", "GONOSUMDB": "b.example.com"}, HERE, {"overrides-private"}),
    "overridden by more": ({"GOPRIVATE": "a.example.com", "GONOSUMDB": "*.example.com"}, HERE, set()),
    "insecure": ({"GOINSECURE": "a.example.com"}, HERE, {"insecure"}),
    "leak to the database": ({}, replace(HERE, modules=["git.corp.example.com/a"]), {"leak-to-database"}),
    "leak to both": (
        {"GOPROXY": f"{FLEET},https://public.example.com"},
        replace(HERE, modules=["git.corp.example.com/a"]),
        {"leak-to-database", "leak-to-proxy", "no-fall-back-on-error"},
    ),
    "no leak": (
        {"GOPRIVATE": "*.corp.example.com"},
        replace(HERE, modules=["git.corp.example.com/a", "rsc.io/quote"]),
        set(),
    ),
    "a leak of what the fleet names": ({}, replace(HERE, private=["example.com/secret"]), {"leak-to-database"}),
    "the fleet's patterns match": (
        {},
        replace(HERE, private=["secret.example.com/*"], modules=["secret.example.com/a"]),
        {"leak-to-database"},
    ),
    "passes by the fleet": (
        {"GOPRIVATE": "hosted.example.com"},
        replace(HERE, hosted=["hosted.example.com/x"]),
        {"passes-by-fleet"},
    ),
    "login over http": ({"GOPROXY": "http://jane:pw@a.example.com"}, Surroundings(), {"login-over-http"}),
    "login in GOPROXY": ({"GOPROXY": "https://jane:pw@goproxy.example.com"}, LOGIN, {"login-in-goproxy"}),
    "GOAUTH=off": ({"GOAUTH": "off"}, LOGIN, {"goauth-off"}),
    "GOAUTH=off, open": ({"GOAUTH": "off"}, HERE, set()),
    "off and more": ({"GOAUTH": "off; netrc"}, HERE, {"goauth-malformed"}),
    "no such program": ({"GOAUTH": "nope x"}, replace(HERE, missing_programs=["nope"]), {"goauth-missing"}),
    "no netrc": ({}, replace(LOGIN, netrc=NetrcFile("n")), {"netrc-lacks-fleet"}),
    "netrc": ({}, replace(LOGIN, netrc=NetrcFile("n", NETRC)), set()),
    "netrc of others": (
        {},
        replace(LOGIN, netrc=NetrcFile("n", NETRC.replace("goproxy", "git"))),
        {"netrc-lacks-fleet"},
    ),
    "netrc for all to read": ({}, replace(HERE, netrc=NetrcFile("n", NETRC, 0o644)), {"netrc-open"}),
    "no netrc at all": ({}, replace(HERE, netrc=NetrcFile("n", "user jane\n")), {"netrc-empty"}),
    "netrc of root": ({}, replace(HERE, netrc=NetrcFile("n", unreadable="Permission denied")), {"netrc-unreadable"}),
    "login, and no TLS": (
        {"GOPROXY": "http://a.example.com"},
        Surroundings("http://a.example.com", wants_login=True),
        {"login-over-http"},
    ),
    "shells differ": (
        {},
        replace(HERE, shells={"bash": {**GOOD, "GOPROXY": "direct"}, "zsh": GOOD}),
        {"shells-differ"},
    ),
    "a command gives the login": ({"GOAUTH": "goproxy-operator goauth https://goproxy.example.com"}, LOGIN, set()),
}


@pytest.mark.parametrize("case", CASES)
def test_each_and_no_other(case: str) -> None:
    exported, around, expected = CASES[case]
    assert codes({**GOOD, **exported}, around) == expected


def test_hidden_by_an_exported_variable() -> None:
    assert codes(GOOD, written={"GOPROXY": "direct"}) == {"hidden"}


def test_goenv_off() -> None:
    env = GoEnv(resolve(GOOD, {}, {}), "", off=True, exported=GOOD, passed_over={"GOPRIVATE": "x"})
    [one] = findings(env, HERE)
    assert (one.code, one.weight) == ("env-file-off", Weight.WORTH_A_LOOK)
    assert "GOPRIVATE" in one.text
    [one] = findings(replace(env, passed_over={}), HERE)
    assert one.weight is Weight.NOTE


def test_the_worst_is_first() -> None:
    found = findings(go_env({**GOOD, "GOPROXY": "off", "GOSUMDB": "off"}), HERE)
    assert [one.weight for one in found] == [Weight.WRONG, Weight.WORTH_A_LOOK]


@pytest.mark.parametrize(
    "value", ["https://jane:pass@a.example.com", "https://jane:pa,ss@a.example.com,direct", "https://pass@h"]
)
def test_no_login_is_shown(value: str) -> None:
    assert "pass" not in without_logins(value)
    assert "pa,ss" not in without_logins(value)
    for one in findings(go_env({**GOOD, "GOPROXY": value}, {"GOPROXY": f"{value}/x"}), HERE):
        assert "pass" not in one.text + one.remedy


@pytest.mark.parametrize(
    ("module", "private"),
    [
        ("git.corp.example.com/a", True),
        ("go.internal/a", True),
        ("nas.local/a", True),
        ("github.com/corp/a", False),
        ("golang.org/x/text", False),
        ("corporate.example.com/a", False),
    ],
)
def test_hosts_that_look_private(module: str, private: bool) -> None:
    assert looks_private(module) is private
