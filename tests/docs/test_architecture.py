"""The map in docs/architecture.md leads somewhere: each file that it names exists, and it names every package."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text()
ROOTS = {"Data plane": ROOT / "proxy" / "modproxy", "Control plane": ROOT / "operator" / "goproxy_operator"}


def rows() -> list[tuple[str, str]]:
    """Name each file of the table, with the program it is listed under."""
    found, program = [], ""
    table = TEXT.partition("## Where to find what")[2].partition("## Layers")[0]
    for line in table.splitlines():
        if heading := re.match(r"\| \*\*(.+?)\*\*", line):
            program = heading[1]
            continue
        found += [(program, name) for name in re.findall(r"`([a-z_/]+(?:\.py|/))`", line.rpartition(" | ")[2])]
    return found


def test_the_table_is_read() -> None:
    assert len(rows()) > 80
    assert {program for program, _ in rows()} == set(ROOTS)


@pytest.mark.parametrize(("program", "name"), rows())
def test_each_file_of_the_table_exists(program: str, name: str) -> None:
    assert (ROOTS[program] / name).exists() or (ROOT / name).exists(), name


@pytest.mark.parametrize("program", list(ROOTS))
def test_the_table_names_every_package(program: str) -> None:
    named = {name.partition("/")[0] for of, name in rows() if of == program}
    packages = {path.parent.name for path in ROOTS[program].glob("*/__init__.py")}
    assert packages <= named


@pytest.mark.parametrize("document", [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"
