"""A real OpenSearch, made of the jars that Maven's registry has: the bulk API as it is, without users and TLS."""

import json
import os
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_HERE = Path(__file__).parent / "opensearch"
_PATIENCE = 180.0
"""Seconds for Maven, which fetches 43 MB the first time."""


def _needed(name: str) -> str:
    """Find a program. Where OPENSEARCH=required is set, as in CI, its absence is a failure; elsewhere tests skip."""
    found = shutil.which(name)
    if found is None:
        reason = f"no {name} on the PATH: a real OpenSearch needs Java 17 and Maven"
        if os.environ.get("OPENSEARCH") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class OpenSearch:
    """One node, asked over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        request = urllib.request.Request(f"{self.url}/{path}", method=method)
        request.add_header("Content-Type", "application/json")
        data = None if document is None else json.dumps(document).encode()
        with urllib.request.urlopen(request, data, timeout=30) as answer:
            return json.loads(answer.read())

    def count(self, index: str) -> int:
        self.ask("POST", f"{index}/_refresh")
        return int(self.ask("GET", f"{index}/_count")["count"])


@contextmanager
def open_search(folder: Path) -> Iterator[OpenSearch]:
    """Run a node below `folder`."""
    maven, java = _needed("mvn"), _needed("java")
    jars = folder / "jars.txt"
    resolve = [maven, "-q", "-B", "-f", str(_HERE / "pom.xml"), "dependency:build-classpath"]
    subprocess.run([*resolve, f"-Dmdep.outputFile={jars}"], check=True, timeout=_PATIENCE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    options = ["-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", jars.read_text()]
    command = [java, *options, str(_HERE / "Os.java"), str(folder / "home"), str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == b"ready":
                break
        else:
            raise AssertionError((folder / "log").read_text()[-4000:])
        yield OpenSearch(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()
