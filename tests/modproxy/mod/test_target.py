"""URL paths as targets, and the keys of targets."""

import pytest

from modproxy.mod.target import Kind, NoSuchTarget, Target, TargetError, decode_path, parse_target


@pytest.mark.parametrize(
    ("raw", "path", "version", "kind"),
    [
        ("example.com/m/@v/list", "example.com/m", "", Kind.LIST),
        ("example.com/m/@latest", "example.com/m", "", Kind.LATEST),
        ("github.com/!burnt!sushi/toml/@v/v1.0.0.info", "github.com/BurntSushi/toml", "v1.0.0", Kind.INFO),
        ("github.com/%21burnt%21sushi/toml/@v/v1.0.0.mod", "github.com/BurntSushi/toml", "v1.0.0", Kind.MOD),
        ("example.com/m/@v/v2.0.0+incompatible.zip", "example.com/m", "v2.0.0+incompatible", Kind.ZIP),
        ("example.com/m/@v/v2.0.0%2Bincompatible.zip", "example.com/m", "v2.0.0+incompatible", Kind.ZIP),
        ("example.com/m/%40v/list", "example.com/m", "", Kind.LIST),
        ("example.com/m/@v/main.info", "example.com/m", "main", Kind.QUERY),
        ("example.com/m/@v/v1.info", "example.com/m", "v1", Kind.QUERY),
        ("example.com/m/@v/v1.2.3+meta.info", "example.com/m", "v1.2.3+meta", Kind.QUERY),
        ("example.com/m/@v/0123abcd.info", "example.com/m", "0123abcd", Kind.QUERY),
        ("example.com/m/@v/list.info", "example.com/m", "list", Kind.QUERY),
        ("example.com/m/@v/v1.0.0-!r!c1.mod", "example.com/m", "v1.0.0-RC1", Kind.MOD),
        ("ex%61mple.com/%6D/%40v/v1%2E0%2e0.info", "example.com/m", "v1.0.0", Kind.INFO),
        ("example.com/%7ea%5Fb%2Dc/@v/l%69st", "example.com/~a_b-c", "", Kind.LIST),
        # A version that the path cannot have is a query: module.Check of x/mod refuses each of these.
        ("example.com/m/@v/v2.0.0.info", "example.com/m", "v2.0.0", Kind.QUERY),
        ("example.com/m/@v/v2.0.0-rc.1.info", "example.com/m", "v2.0.0-rc.1", Kind.QUERY),
        ("example.com/m/@v/v1.0.0+incompatible.info", "example.com/m", "v1.0.0+incompatible", Kind.QUERY),
        ("example.com/m/v2/@v/v1.0.0.info", "example.com/m/v2", "v1.0.0", Kind.QUERY),
        ("example.com/m/v2/@v/v3.0.0.info", "example.com/m/v2", "v3.0.0", Kind.QUERY),
        ("example.com/m/v2/@v/v2.0.0+incompatible.info", "example.com/m/v2", "v2.0.0+incompatible", Kind.QUERY),
        ("gopkg.in/yaml.v2/@v/v3.0.0.info", "gopkg.in/yaml.v2", "v3.0.0", Kind.QUERY),
        (
            "gopkg.in/yaml.v2/@v/v0.0.0-20180101000000-0123456789ab.info",
            "gopkg.in/yaml.v2",
            "v0.0.0-20180101000000-0123456789ab",
            Kind.QUERY,
        ),
    ],
)
def test_understood(raw: str, path: str, version: str, kind: Kind) -> None:
    target = parse_target(decode_path(raw))
    assert (target.path, target.version, target.kind) == (path, version, kind)
    assert parse_target(target.key) == target
    assert target.immutable is (kind in (Kind.INFO, Kind.MOD, Kind.ZIP))


@pytest.mark.parametrize(
    "raw",
    [
        "example.com/M/@v/list",
        "example.com/m/@v/v1.0.0-RC1.mod",
        "example.com/m/@v/../../x.info",
        "example.com/%2e%2e/@v/list",
        "example.com/%4D/@v/list",
        "example.com/m/@v/v1.0.0%20x.info",
        "example.com/m/@v/%20v1.0.0.info",
        "example.com/m/@v/v1.0.0%20.zip",
        "example.com/m/@v/ma%20in.info",
        "example.com/a%20b/@v/list",
        "example.com/m%2F@v/list",
        "example.com/m/@v/%252e.info",
        "example.com/m/@v/a%00.info",
        "example.com/m/@v/a%0a.info",
        "example.com/m/@v/a%zz.info",
        "example.com/m/@v/%.info",
        "example.com/m/@v/%C3%A4.info",
        "example.com/m/@v/ä.info",
        "example.com/m/@v/.info",
        "example.com/m/@v/nul.info",
        "example.com/m/@v/" + "a" * 201 + ".info",
        "example.com/m/@v/main.mod",
        "example.com/m/@v/v1.2.zip",
        "/@v/list",
        "@v/list/@v/list",
        "/example.com/m",
        "a/../b",
        "example.com/" + "x" * 2100,
    ],
)
def test_malformed(raw: str) -> None:
    with pytest.raises(TargetError):
        parse_target(decode_path(raw))


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "favicon.ico",
        "example.com/m",
        "example.com/m/@v/",
        "example.com/m/@v/v1.0.0",
        "example.com/m/@v/v1.0.0.exe",
        "example.com/m/@v/latest.info",
        "example.com/m/@v/upgrade.info",
        "example.com/m/@v/patch.info",
        "example.com/m/@v/feature/x.info",
        "sumdb/sum.example.com/supported",
        "example.com/m/@v/v2.0.0.mod",
        "example.com/m/@v/v2.0.0.zip",
        "example.com/m/@v/v1.0.0+incompatible.mod",
        "example.com/m/@v/v1.0.0+incompatible.zip",
        "example.com/m/v2/@v/v1.0.0.mod",
        "gopkg.in/yaml.v2/@v/v3.0.0.zip",
    ],
)
def test_nothing_can_be_there(raw: str) -> None:
    with pytest.raises(NoSuchTarget):
        parse_target(decode_path(raw))


def test_words_for_people() -> None:
    assert str(parse_target("example.com/m/@v/v1.0.0.zip")) == "example.com/m@v1.0.0 zip"
    assert str(parse_target("example.com/m/@v/list")) == "example.com/m list"
    assert isinstance(parse_target("example.com/m/@latest"), Target)
