"""Where a module would come from: a table of layouts."""

import pytest

from modproxy.contract.why import Route
from modproxy.hosted.hosting import Hosting
from modproxy.layout import Layout, NamedCredential
from modproxy.mod.chain import parse_chain
from modproxy.mod.pattern import parse_pattern
from modproxy.mod.sumdb import parse_gosumdb
from modproxy.mod.url_pattern import parse_url_pattern
from modproxy.server.why.route import Others, route_of, steps_of

HOSTING = Hosting([parse_pattern("ours.example.com")])
PRIVATE = "git.corp.example.com/platform/lib"


def layout(
    chain: str = "https://a.example.com,https://b.example.com|direct", database: str = "sum.golang.org"
) -> Layout:
    return Layout(
        parse_chain(chain),
        private=(parse_pattern("git.corp.example.com"),),
        unverified=(parse_pattern("git.corp.example.com"), parse_pattern("ours.example.com")),
        database=parse_gosumdb(database),
        parent="http://parent.example.com:8082",
        object_store="s3://bucket/prefix",
        credentials=(
            NamedCredential(parse_url_pattern("git.corp.example.com"), "forge"),
            NamedCredential(parse_url_pattern("git.corp.example.com/platform"), "platform"),
            NamedCredential(parse_url_pattern("b.example.com"), "mirror"),
        ),
    )


@pytest.mark.parametrize(
    ("path", "route", "kinds", "credentials"),
    [
        ("ours.example.com/lib", Route.HOSTED, ["depot"], [""]),
        (PRIVATE, Route.PRIVATE, ["peer", "objectStore", "versionControl", "off"], ["", "", "platform", ""]),
        (
            "example.com/m",
            Route.PUBLIC,
            ["peer", "objectStore", "parent", "upstream", "upstream", "versionControl", "checksumDatabase"],
            ["", "", "", "", "mirror", "", ""],
        ),
        (
            "golang.org/toolchain",
            Route.PUBLIC,
            ["peer", "objectStore", "parent", "upstream", "upstream", "versionControl", "checksumDatabase"],
            ["", "", "", "", "mirror", "", ""],
        ),
    ],
)
def test_the_places_and_their_order(path: str, route: Route, kinds: list[str], credentials: list[str]) -> None:
    others = Others(shared=True, owner="team-a-1")
    assert route_of(path, layout(), HOSTING) is route
    steps = steps_of(path, layout(), HOSTING, others)
    assert [step.kind for step in steps] == kinds
    assert [step.credential for step in steps] == credentials
    unnamed = steps_of(path, layout(), HOSTING, others, named=False)
    assert [step.kind for step in unnamed] == kinds
    assert not any(step.credential for step in unnamed) and "team-a-1" not in str(unnamed)


def test_what_is_off_is_told() -> None:
    steps = steps_of("example.com/m", layout("off", "off"), None, Others())
    assert [(step.kind, step.name) for step in steps if step.kind == "off"] == [
        ("off", "off"), ("off", "a checksum database"),
    ]  # fmt: skip


def test_a_login_of_the_chain_is_never_shown() -> None:
    steps = steps_of("example.com/m", layout("https://user:pass-word@a.example.com"), None, Others())
    assert "pass-word" not in str(steps) and "with a login" in str(steps)


def test_versions_here_and_elsewhere() -> None:
    steps = steps_of("example.com/m", layout(), HOSTING, Others(), mixed=True)
    assert steps[0].kind == "depot"
