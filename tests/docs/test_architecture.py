"""The map in docs/architecture.md leads somewhere: each file that it names exists, and its layers are those of lint."""

import re
import tomllib
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


def pictures() -> list[tuple[str, str]]:
    """Name each module of the two walks, with the program whose walk it is."""
    walks = {
        "Data plane": TEXT.partition("## The way of a request")[2].partition("## The way of an object")[0],
        "Control plane": TEXT.partition("## The way of an object")[2].partition("## Where to find what")[0],
    }
    picture = {program: walk.partition("```")[2].partition("```")[0] for program, walk in walks.items()}
    names = re.compile(r"(?<![\w.@/])[a-z_]+(?:/[a-z_]+)+")
    return [(program, name) for program, text in picture.items() for name in names.findall(text)]


@pytest.mark.parametrize(("program", "name"), pictures())
def test_each_module_of_the_pictures_exists(program: str, name: str) -> None:
    path = ROOTS[program] / name
    assert path.is_dir() or path.with_suffix(".py").exists(), name


@pytest.mark.parametrize(("program", "column"), [("modproxy", slice(3, 70)), ("goproxy_operator", slice(70, None))])
def test_the_layers_are_those_of_lint(program: str, column: slice) -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in lint if contract.get("containers") == [program])
    drawn = TEXT.partition("## Layers")[2].partition("```\n")[2].partition("```")[0].splitlines()[1:]
    assert [text for line in drawn if (text := line[column].strip())] == layers


@pytest.mark.parametrize("document", [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"
