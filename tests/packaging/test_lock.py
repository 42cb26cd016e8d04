"""The lock in requirements/ agrees with pyproject.toml. `make lock` mends it where it does not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.packaging.lock import EXTRAS, GROUPS, faults, pins

ROOT = Path(__file__).parents[2]
PYPROJECT = (ROOT / "pyproject.toml").read_text()
LOCKS = {path.name: path.read_text() for path in (ROOT / "requirements").iterdir()}


def test_the_lock_agrees_with_pyproject() -> None:
    assert faults(PYPROJECT, LOCKS) == []


def test_every_extra_and_every_group_is_locked() -> None:
    table = tomllib.loads(PYPROJECT)
    assert {*EXTRAS, "in-cluster", "kubectl"} == set(table["project"]["optional-dependencies"])  # `operator` has both
    assert {group for groups in GROUPS.values() for group in groups} == set(table["dependency-groups"])


def test_the_whole_lock_is_read() -> None:
    for text in LOCKS.values():
        assert sum(len(pin.hashes) for pin in pins(text)) == text.count("--hash=")
        assert len(list(pins(text))) == text.count("==") - len(re.findall(r";.*==", text))


def test_make_installs_nothing_without_hashes() -> None:
    recipes = [line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("\t")]
    assert not [
        line for line in recipes if "pip install" in line and "--require-hashes" not in line and "$$file" not in line
    ]
    assert [line.split("$(PIP)")[1] for line in recipes if "$(PIP)" in line] == [" --no-deps --no-build-isolation -e ."]
    assert {line.split("$(LOCKED) ")[1] for line in recipes if "$(LOCKED)" in line} == {
        f"requirements/{file}" for file in LOCKS
    }


@pytest.mark.parametrize(
    ("pattern", "replacement", "fault"),
    [
        (r"^aiohttp==.*\\\n", "aiohttp>=3 \\\\\n", "run.txt: aiohttp is not locked to one version"),
        (r"^aiohttp==.*\\\n", "aiohttp==2.0 \\\\\n", "run.txt: aiohttp is locked at 2.0, outside of <4,>=3.14.5"),
        (r"^kopf==.*\n(.*--hash.*\n)+", "", "run.txt: kopf is not locked"),
        (r"^(rich==\S+) \\\n(.*--hash.*\n)+", r"\1\n", "run.txt: rich has no hash"),
        (r"sha256:", "md5:", "run.txt: aiohappyeyeballs has a hash that is no SHA-256"),
        (r"\A", "--index-url=x\n", "run.txt names an index: --index-url=x"),
        (r"\A", "# from https://index.example/simple\n", "run.txt names an index: # from https://index.example/simple"),
        (r"^click==\S+", "click==1.0", "click has another version elsewhere"),
        (
            r"    # via aiohttp\n",
            "    # via goproxy-operator (pyproject.toml)\n",
            "pyproject.toml asks for it no longer",
        ),
    ],
)
def test_a_spoilt_lock_is_told(pattern: str, replacement: str, fault: str) -> None:
    spoilt = re.sub(pattern, replacement, LOCKS["run.txt"], count=1, flags=re.MULTILINE)
    assert spoilt != LOCKS["run.txt"]
    assert any(fault in found for found in faults(PYPROJECT, LOCKS | {"run.txt": spoilt}))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"kopf>=', '"a-new-package>=1",\n    "kopf>=', "run.txt: a-new-package is not locked"),
        ('"pytest>=9,<10"', '"pytest>=99"', "dev.txt: pytest is locked at "),
        ('requires = ["setuptools>=77"]', 'requires = ["hatchling"]', "run.txt: hatchling is not locked"),
        ('    "lupa>=', '    # "lupa>=', "dev.txt: lupa is locked, but pyproject.toml asks for it no longer"),
    ],
)
def test_a_change_without_a_new_lock_is_told(old: str, new: str, fault: str) -> None:
    changed = PYPROJECT.replace(old, new, 1)
    assert changed != PYPROJECT
    assert any(found.startswith(fault) for found in faults(changed, LOCKS))


def test_a_file_that_is_missing_or_strange_is_told() -> None:
    strange = {file: text for file, text in LOCKS.items() if file != "uv.txt"} | {"old.txt": ""}
    assert faults(PYPROJECT, strange) == ["uv.txt is not there", "old.txt is of no group"]
