"""Versions: canonical versions, pseudo-versions, and versions that a path may have."""

import pytest

from modproxy.mod.path import check_path
from modproxy.mod.version import VersionError, check_version, is_canonical, is_pseudo, parse_semver


@pytest.mark.parametrize(
    "text",
    ["v0.0.0", "v1.2.3", "v1.2.3-rc.1", "v1.2.3-0.20240102030405-abcdefabcdef", "v2.0.0+incompatible", "v1.0.0-a-b"],
)
def test_canonical(text: str) -> None:
    assert is_canonical(text)


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3", "v1", "v1.2", "v01.2.3", "v1.2.3-01", "v1.2.3-", "v1.2.3-a..b", "v1.2.3+meta", "master", "v1.2.3\n"],
)
def test_not_canonical(text: str) -> None:
    assert not is_canonical(text)


@pytest.mark.parametrize(
    ("text", "pseudo"),
    [
        ("v0.0.0-20240102030405-abcdefabcdef", True),
        ("v1.2.4-0.20240102030405-abcdefabcdef", True),
        ("v1.2.3-pre.0.20240102030405-abcdefabcdef", True),
        ("v2.0.1-0.20240102030405-abcdefabcdef+incompatible", True),
        ("v1.2.3-20240102030405-abcdefabcdef", False),
        ("v0.0.0-2024010203040-abcdefabcdef", False),
        ("v1.2.3", False),
    ],
)
def test_pseudo(text: str, pseudo: bool) -> None:
    assert is_pseudo(text) is pseudo


def test_build_metadata_is_a_semver_but_not_canonical() -> None:
    assert parse_semver("v1.2.3+meta.1") is not None
    assert parse_semver("v1.2.3+") is None


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("example.com/m", "v0.1.0"),
        ("example.com/m", "v1.9.0"),
        ("example.com/m", "v2.0.0+incompatible"),
        ("example.com/m/v2", "v2.1.0"),
        ("gopkg.in/yaml.v3", "v3.0.1"),
        ("gopkg.in/check.v1-unstable", "v1.0.0"),
        ("gopkg.in/check.v1", "v0.0.0-20161208181325-20d25e280405"),
    ],
)
def test_lawful(path: str, version: str) -> None:
    assert check_version(check_path(path), version) == version


@pytest.mark.parametrize(
    ("path", "version", "rule"),
    [
        ("example.com/m", "v2.0.0", "/v2"),
        ("example.com/m/v2", "v1.0.0", "v2"),
        ("example.com/m/v2", "v3.0.0", "v2"),
        ("example.com/m/v2", "v2.0.0+incompatible", "incompatible"),
        ("example.com/m", "v1.0.0+incompatible", "v2"),
        ("gopkg.in/yaml.v3", "v2.0.0", "v3"),
        ("example.com/m", "v1", "canonical"),
        ("example.com/m", "v1.0.0+meta", "canonical"),
    ],
)
def test_unlawful(path: str, version: str, rule: str) -> None:
    with pytest.raises(VersionError) as caught:
        check_version(check_path(path), version)
    assert rule in str(caught.value)
