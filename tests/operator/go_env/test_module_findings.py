"""What the settings mean for a toolchain, for version control, and for the module that is asked about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goproxy_operator.go_env.finding import Surroundings
from goproxy_operator.go_env.findings import findings
from goproxy_operator.go_env.goauth import Given, GoAuthError, header_for, parse_answer, split_words, ways_of
from goproxy_operator.go_env.settings import GoEnv, resolve
from goproxy_operator.go_env.toolchain import Local, Wanted, needed, to_fetch
from goproxy_operator.go_env.vcs_findings import GoVcsError, parse_govcs

FLEET = "https://goproxy.example.com"
GOOD = {"GOPROXY": FLEET, "GOSUMDB": "sum.golang.org"}
LOCAL = Local("go1.26.8", "linux-amd64")
HERE = Surroundings(FLEET, local=LOCAL)
M = "git.example.com/m"
ASKED = replace(HERE, modules=[M], asked=M)
PRIVATE = {"GOPRIVATE": "git.example.com"}
NEWER = replace(HERE, wanted=Wanted("1.99.1"))


def env(exported: dict[str, str]) -> GoEnv:
    return GoEnv(resolve(GOOD | exported, {}, {}), "", exported=GOOD | exported)


CASES: dict[str, tuple[dict[str, str], Surroundings, set[str]]] = {
    "no go command": ({"GOTOOLCHAIN": "bash"}, Surroundings(FLEET), set()),
    "auto": ({"GOTOOLCHAIN": "auto"}, HERE, set()),
    "bash": ({"GOTOOLCHAIN": "bash"}, HERE, {"toolchain-malformed"}),
    "other suffix": ({"GOTOOLCHAIN": "local+some"}, HERE, {"toolchain-malformed"}),
    "auto, newer": ({"GOTOOLCHAIN": "auto"}, NEWER, {"toolchain-fetched"}),
    "local, newer": ({"GOTOOLCHAIN": "local"}, NEWER, {"toolchain-local"}),
    "path, newer": ({"GOTOOLCHAIN": "path"}, NEWER, {"toolchain-path"}),
    "unverified": ({"GOTOOLCHAIN": "auto", "GOSUMDB": "off"}, NEWER, {"toolchain-unverified", "sumdb-off"}),
    "its module is private": ({"GOTOOLCHAIN": "auto", "GONOSUMDB": "golang.org"}, NEWER, {"toolchain-fetched"}),
    "one by name": ({"GOTOOLCHAIN": "go1.25.0"}, HERE, {"toolchain-fetched"}),
    "one by name, too old": (
        {"GOTOOLCHAIN": "go1.25.0"},
        NEWER,
        {"toolchain-fetched", "toolchain-local"},
    ),
    "govcs": ({"GOVCS": "github.com:git,*:off"}, HERE, set()),
    "govcs, no colon": ({"GOVCS": "github.com"}, HERE, {"govcs-malformed"}),
    "govcs, twice": ({"GOVCS": "a.example.com:git,a.example.com:off"}, HERE, {"govcs-malformed"}),
    "govcs, off": (PRIVATE | {"GOVCS": "*:off"}, ASKED, {"govcs-off", "not-by-fleet"}),
    "govcs, private off": (PRIVATE | {"GOVCS": "private:off"}, ASKED, {"govcs-off", "not-by-fleet"}),
    "govcs, public off": (PRIVATE | {"GOVCS": "public:off"}, ASKED, {"not-by-fleet"}),
    "govcs, another off": (PRIVATE | {"GOVCS": "a.example.com:off,*:git"}, ASKED, {"not-by-fleet"}),
    "govcs, off and by the fleet": (PRIVATE | {"GONOPROXY": "none", "GOVCS": "*:off"}, ASKED, {"overrides-private"}),
    "insecure": (PRIVATE | {"GOINSECURE": "git.example.com"}, ASKED, {"not-by-fleet", "insecure", "insecure-module"}),
    "insecure, and by the fleet": ({"GOINSECURE": "git.example.com"}, ASKED, {"insecure"}),
    "logged in in vain": (
        {},
        replace(HERE, wants_login=True, is_logged_in=True, given=[Given("netrc")]),
        {"goauth-lacks-login", "netrc-lacks-fleet"},
    ),
    "a command fails": (
        {"GOAUTH": "helper"},
        replace(HERE, given=[Given("helper", problem="ends with exit status 3")]),
        {"goauth-fails"},
    ),
    "a command is missing": (
        {"GOAUTH": "/opt/helper"},
        replace(HERE, given=[Given("helper", problem="cannot be run")], missing_programs=["/opt/helper"]),
        {"goauth-missing"},
    ),
    "an empty command": ({"GOAUTH": "netrc;"}, HERE, {"goauth-malformed"}),
    "git, and no folder": ({"GOAUTH": "git"}, HERE, {"goauth-malformed"}),
    "a quote": ({"GOAUTH": "'helper"}, HERE, {"goauth-malformed"}),
    # Several settings at once: each is told.
    "all at once": (
        {"GOTOOLCHAIN": "bash", "GOVCS": "x", "GOAUTH": "off; netrc", "GOPROXY": "direct", "GOFLAGS": "-insecure"},
        HERE,
        {"toolchain-malformed", "govcs-malformed", "goauth-malformed", "goproxy-direct", "flags-insecure"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_and_no_other(case: str) -> None:
    exported, around, expected = CASES[case]
    assert {one.code for one in findings(env(exported), around)} == expected


@pytest.mark.parametrize(
    ("setting", "wanted", "name"),
    [
        ("auto", Wanted(), "go1.26.8"),
        ("auto", Wanted("1.26"), "go1.26.8"),
        ("auto", Wanted("1.27"), "go1.27.0"),
        ("auto", Wanted("1.27rc1"), "go1.27rc1"),
        ("auto", Wanted("1.26.8"), "go1.26.8"),
        ("auto", Wanted("1.20", "go1.27.3"), "go1.27.3"),
        ("auto", Wanted("1.28.1", "go1.27.3"), "go1.28.1"),
        ("auto", Wanted("1.28.1", "default"), "go1.26.8"),
        ("local", Wanted("1.28.1"), "go1.26.8"),
        ("local+auto", Wanted("1.28.1"), "go1.28.1"),
        ("go1.27.0+auto", Wanted("1.20"), "go1.27.0"),
        ("go1.20", Wanted("1.28"), "go1.20"),
        ("nonsense", Wanted(), ""),
        ("", Wanted(), ""),
    ],
)
def test_which_toolchain_runs(setting: str, wanted: Wanted, name: str) -> None:
    assert needed(setting, wanted, LOCAL)[0] == name


def test_what_is_cached_is_not_fetched() -> None:
    version = "v0.0.1-go1.99.1.linux-amd64"
    assert to_fetch(env({"GOTOOLCHAIN": "auto"}), Wanted("1.99.1"), LOCAL) == version
    assert to_fetch(env({"GOTOOLCHAIN": "auto"}), Wanted("1.99.1"), replace(LOCAL, cached=frozenset({version}))) == ""


def test_credentials_by_prefix() -> None:
    text = "https://a.example.com/x\nhttps://b.example.com\n\nAuthorization: Bearer t\n\nhttps://a.example.com\n\n\n"
    found = parse_answer(text)
    assert header_for(found, "https://a.example.com/x/y") == "Bearer t"
    assert header_for(found, "https://a.example.com/xy") is None
    assert header_for(found, "https://b.example.com") == "Bearer t"
    assert parse_answer("") == {}


@pytest.mark.parametrize(
    "text", ["https://a.example.com\n\nnonsense\n\n", "a\n\nb: c\n\n", "https://a\n", "\n" * 9999 + "x"]
)
def test_answers_that_go_refuses(text: str) -> None:
    with pytest.raises(GoAuthError):
        parse_answer(text)


def test_words_in_quotes() -> None:
    assert split_words("'/a b/c' \"d e\" f'g") == ["/a b/c", "d e", "f'g"]
    assert ways_of("netrc; git /x") == [["netrc"], ["git", "/x"]]
    for bad in ("", ";", "off; netrc", "git x", "git"):
        with pytest.raises(GoAuthError):
            ways_of(bad)


def test_lists_of_version_control() -> None:
    assert parse_govcs("github.com:git|hg, *:off") == [("github.com", ["git", "hg"]), ("*", ["off"])]
    assert parse_govcs("") == []
    for bad in (",", "a:", ":git", "a:git|"):
        with pytest.raises(GoVcsError):
            parse_govcs(bad)
