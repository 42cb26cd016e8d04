"""How Artifactory's own client names what it publishes. Pure.

Source: jfrog-client-go, `artifactory/services/go`: it asks for the version of the server, and then sends the zip, the
`.mod` and the `.info` with PUT to `api/go/REPOSITORY/MODULE/@v/VERSION.zip;PROPERTIES;go.version=VERSION`. Neither the
module nor the version is escaped there. It takes no other status than 201.
"""

import re

from modproxy.mod.path import escape

ARTIFACTORY = "artifactory-version"
"""The action that tells the version of the server."""
VERSION_PATH = "/api/system/version"
VERSION = "7.0.0"
"""What is said of the version: the client takes 6.10.0 and up."""
_REPOSITORY = re.compile(r"api/go/[^/]+/")


def without_parameters(raw_path: str) -> str:
    """Return the path without the matrix parameters at its end (RFC 3986, section 3.3)."""
    return raw_path.partition(";")[0]


def has_parameters(raw_path: str) -> bool:
    """Say whether a path has matrix parameters, as that client sends them."""
    return ";" in raw_path.partition("?")[0]


def path_of_change(path: str) -> str:
    """Return the path as a module proxy has it: without the repository, and escaped."""
    path = _REPOSITORY.sub("", path, count=1) if path.startswith("api/go/") else path
    return path if "!" in path else escape(path)
