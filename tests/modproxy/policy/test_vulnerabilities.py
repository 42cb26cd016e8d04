"""Which vulnerabilities refuse a version, and what a database may say without harm.

The entries are excerpts of the Go vulnerability database (CC-BY-4.0, The Go Authors), cut to what is read.
"""

import json
from typing import Any

import pytest

from modproxy.contract.config import PolicyMode, VulnerabilitiesConfig
from modproxy.policy.osv import OsvError, VulnerabilityTable, load_table, make_table, rows_of
from modproxy.policy.vulnerabilities import VulnerabilityRule


def entry(id_: str, *affected: tuple[str, list[dict[str, str]]], **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "database_specific": {"review_status": more.pop("status", "REVIEWED")},
        "affected": [
            {"package": {"name": name}, "ranges": [{"type": "SEMVER", "events": events}], **more.pop("of", {})}
            for name, events in affected
        ],
        **more,
    }


TEXT = entry("GO-2021-0113", ("golang.org/x/text", [{"introduced": "0"}, {"fixed": "0.3.7"}]))
TWO = entry(
    "GO-2022-0969",
    ("stdlib", [{"introduced": "0"}, {"fixed": "1.18.6"}, {"introduced": "1.19.0-0"}, {"fixed": "1.19.1"}]),
    ("golang.org/x/net", [{"introduced": "0"}, {"fixed": "0.0.0-20220906165146-f3363e06e74c"}]),
)
CUSTOM = entry(
    "GO-2023-2385",
    ("example.com/custom", [{"introduced": "0"}]),
    of={"ecosystem_specific": {"custom_ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}},
)
UNFIXED = entry("GO-2024-0001", ("example.com/unfixed", [{"introduced": "0"}]))
UNREVIEWED = entry("GO-2024-0002", ("example.com/new", [{"introduced": "0"}, {"fixed": "1.1.0"}]), status="UNREVIEWED")
WITHDRAWN = entry(
    "GO-2024-0003", ("example.com/w", [{"introduced": "0"}, {"fixed": "9.0.0"}]), withdrawn="2024-01-01T00:00:00Z"
)


def table(*entries: dict[str, Any]) -> VulnerabilityTable:
    rows = [row for one in entries for row in rows_of(json.dumps(one))]
    return load_table(make_table("2026-01-01T00:00:00Z", rows).dump())


def rule(**config: Any) -> VulnerabilityRule:
    found = table(TEXT, TWO, CUSTOM, UNFIXED, UNREVIEWED, WITHDRAWN)
    return VulnerabilityRule(VulnerabilitiesConfig.model_validate(config), found, PolicyMode.ENFORCE)


@pytest.mark.parametrize(
    ("config", "path", "version", "expected"),
    [
        ({}, "golang.org/x/text", "v0.3.6", "GO-2021-0113"),
        ({}, "golang.org/x/text", "v0.3.7", None),
        ({}, "golang.org/x/Text", "v0.3.6", None),  # paths match exactly
        ({}, "golang.org/x/text/v2", "v2.0.0", None),
        ({"except": ["GO-2021-0113"]}, "golang.org/x/text", "v0.3.6", None),
        ({}, "golang.org/x/net", "v0.0.0-20210101000000-aaaaaaaaaaaa", "GO-2022-0969"),
        ({}, "golang.org/toolchain", "v0.0.1-go1.18.5.linux-amd64", "GO-2022-0969"),
        ({}, "golang.org/toolchain", "v0.0.1-go1.19rc1.linux-amd64", "GO-2022-0969"),
        ({}, "golang.org/toolchain", "v0.0.1-go1.19.1.linux-amd64", None),
        ({}, "example.com/custom", "v1.0.0", None),
        ({"unfixed": "Deny", "unreviewed": "Deny"}, "example.com/custom", "v1.0.0", None),
        ({}, "example.com/unfixed", "v1.0.0", None),
        ({"unfixed": "Deny"}, "example.com/unfixed", "v1.0.0", "GO-2024-0001"),
        ({}, "example.com/new", "v1.0.0", None),
        ({"unreviewed": "Deny"}, "example.com/new", "v1.0.0", "GO-2024-0002"),
        ({}, "example.com/w", "v1.0.0", None),
    ],
)
def test_which_versions_are_refused(config: dict[str, Any], path: str, version: str, expected: str | None) -> None:
    found = rule(**config).find(path, version)
    assert (found.id if found else None) == expected


def test_the_fixed_versions_are_named() -> None:
    found = rule().find("golang.org/x/text", "v0.3.6")
    assert found is not None
    assert found.fixes == ("v0.3.7",)
    toolchain = rule().find("golang.org/toolchain", "v0.0.1-go1.18.5.linux-amd64")
    assert toolchain is not None
    assert toolchain.fixes == ("go1.18.6", "go1.19.1")


def test_only_the_version_that_the_database_names_mends() -> None:
    assert rule().mends("golang.org/x/text", "v0.3.7", "v0.3.6")
    assert not rule().mends("golang.org/x/text", "v0.3.8", "v0.3.6")
    assert not rule().mends("golang.org/x/text", "v0.3.7", "v0.3.8")
    assert not rule(**{"except": ["GO-2021-0113"]}).mends("golang.org/x/text", "v0.3.7", "v0.3.6")


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "null", "{", "[" * 100_000, '{"a":' * 100_000, '{"id": 7}', '{"id": "GO-2024-1234/../../x"}',
        '{"id": "GO-2024-1234\\n"}', '{"id": "GO-2024-1234", "affected": 7}',
        '{"id": "GO-2024-1234", "affected": [7]}', '{"id": "GO-2024-1234", "affected": [{"package": {"name": []}}]}',
        '{"id": "GO-2024-1234", "affected": [{"package": {"name": "a.b/c"}, "ranges": {}}]}',
        '{"id": "GO-2024-1234", "affected": [{"package": {"name": "a.b/c"}, "ranges": [{"type": 1}]}]}',
        '{"id": "GO-2024-1234", "affected": [{"package": {"name": "a.b/c"}, '
        '"ranges": [{"type": "SEMVER", "events": [1]}]}]}',
        '{"id": "GO-2024-1234", "affected": [{"package": {"name": "a.b/c"}, '
        '"ranges": [{"type": "SEMVER", "events": [{"fixed": {}}]}]}]}',
        " " * ((1 << 20) + 1),
    ],
)  # fmt: skip
def test_an_absurd_entry_is_refused_by_itself(text: str) -> None:
    with pytest.raises(OsvError):
        list(rows_of(text))


@pytest.mark.parametrize("text", ["", "7", "[" * 100_000, '{"modified": "x", "modules": {"a": 7}}', '{"modules": {}}'])
def test_a_spoilt_table_is_refused(text: str) -> None:
    with pytest.raises(OsvError):
        load_table(text)


def test_an_entry_with_too_many_bounds_is_refused() -> None:
    events = [{"introduced": "1"}] * 20_001
    with pytest.raises(OsvError, match="bounds"):
        list(rows_of(json.dumps(entry("GO-2024-0009", ("example.com/m", events)))))
