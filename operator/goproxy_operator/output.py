"""How commands show what they have: tables and sections for people, JSON and YAML for programs.

A terminal gets colours and lines of its width. Elsewhere there are neither colours nor bounds of a line, so that `grep`
and `awk` find whole lines. What others wrote (messages, names) is escaped before it is shown.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from io import StringIO
from typing import TYPE_CHECKING, Any

from modproxy.contract.report_fields import plain_text

if TYPE_CHECKING:
    from rich.console import RenderableType

API_VERSION = "cli.goproxy-operator.dev/v1"
"""Of the documents that are of the command line alone, such as a `FleetStatus`. Fields are added, and never renamed."""
_UNBOUNDED = 2000
"""Columns where the output is no terminal."""
_LEAST_COLUMNS = 40


class Format(StrEnum):
    """How a command writes."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class Mood(StrEnum):
    """Says what a reader has to do about a line, by the name of its colour."""

    PLAIN = ""
    GOOD = "green"
    WORTH_A_LOOK = "yellow"
    BAD = "red"
    FAINT = "dim"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: upper-case headers, rows of cells, and a mood for each row, where rows have one."""

    headers: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    right: frozenset[str] = frozenset()
    """The headers of the columns of figures."""
    moods: Sequence[Mood] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; `label` stands before it in a column of its own, where there is one."""

    text: str
    mood: Mood = Mood.PLAIN
    label: str = ""
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and what stands below it. Without a heading it begins at once."""

    parts: Sequence[Line | Grid]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """All that is shown at a time."""

    sections: Sequence[Section] = field(default_factory=tuple)


def add_output(parser: argparse.ArgumentParser, *formats: Format) -> None:
    """Add -o with these formats; the first one is the default."""
    parser.add_argument(
        "-o",
        "--output",
        choices=[str(one) for one in formats],
        default=str(formats[0]),
        help=f"how to write (default: {formats[0]}); json and yaml are for programs and keep their fields",
    )


def print_document(document: Mapping[str, Any], output: str) -> None:
    """Write a document as JSON or YAML. What a terminal would obey is escaped, so that the document stays the same."""
    sys.stdout.write(as_yaml(document) if output == Format.YAML else as_json(document))


def as_json(document: Mapping[str, Any]) -> str:
    """Return a document as JSON, in lines."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if not _is_plain(text):
        text = "".join(c if _is_plain(c) else json.dumps(c)[1:-1] for c in text)
    return f"{text}\n"


def as_yaml(document: Mapping[str, Any]) -> str:
    """Return a document as YAML."""
    import yaml  # noqa: PLC0415 - only who asks for it needs it

    text: str = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True)
    if not _is_plain(text):
        text = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=False)
    return text


def _is_plain(text: str) -> bool:
    return text.replace("\n", "").isprintable()


def as_list(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return objects as the list that `kubectl get -o json` writes."""
    return {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": list(items)}


def show(view: View) -> None:
    """Write a view on standard output, as suits it."""
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415 - rich takes a while to load

        Console(highlight=False).print(renderable(view))
    else:
        sys.stdout.write(drawn(view))


def drawn(view: View, width: int = _UNBOUNDED) -> str:
    """Return a view as text without colours, in lines of at most `width` columns."""
    from rich.console import Console  # noqa: PLC0415

    sink = StringIO()
    console: Console = Console(file=sink, width=max(width, _LEAST_COLUMNS), highlight=False, color_system=None)
    console.print(renderable(view))
    return "\n".join(line.rstrip() for line in sink.getvalue().rstrip("\n").split("\n")) + "\n"


def renderable(view: View) -> "RenderableType":
    """Return a view as something that rich draws."""
    from rich.console import Group  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    parts: list[RenderableType] = []
    for section in view.sections:
        if parts:
            parts.append(Text(""))
        if section.heading:
            parts.append(Text(section.heading, style="bold"))
        parts += _drawn_parts(section.parts)
    return Group(*parts)


def _drawn_parts(parts: Sequence[Line | Grid]) -> "list[RenderableType]":
    from rich.padding import Padding  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    made: list[RenderableType] = []
    labelled: Table | None = None
    for part in parts:
        if isinstance(part, Grid):
            labelled = None
            made.append(_table(part))
        elif part.label:
            if labelled is None:
                labelled = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
                labelled.add_column(no_wrap=True, style="dim")
                labelled.add_column(overflow="fold")
                made.append(Padding(labelled, (0, 0, 0, 2)))
            labelled.add_row(Text(part.label), Text(part.text, style=str(part.mood)))
        else:
            labelled = None
            made.append(Padding(Text(part.text, style=str(part.mood), overflow="fold"), (0, 0, 0, part.indent)))
    return made


def _table(grid: Grid) -> "RenderableType":
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for header in grid.headers:
        table.add_column(header, justify="right" if header in grid.right else "left", overflow="fold")
    for number, row in enumerate(grid.rows):
        mood = grid.moods[number] if number < len(grid.moods) else Mood.PLAIN
        table.add_row(*(Text(cell) for cell in row), style=str(mood))
    return table


def shown(value: object, default: str = "-") -> str:
    """Return a value that somebody else wrote as text for a cell: escaped, in one line, of bounded length."""
    if value is None or value == "" or isinstance(value, (dict, list)):
        return default
    return plain_text(str(value))


def span(seconds: float) -> str:
    """Return a length of time as kubectl writes ages: `45s`, `12m`, `5h`, `3d4h`."""
    whole = max(int(seconds), 0)
    if whole < 120:
        return f"{whole}s"
    if whole < 2 * 3600:
        return f"{whole // 60}m"
    if whole < 2 * 86400:
        hours, rest = divmod(whole, 3600)
        return f"{hours}h{rest // 60}m" if hours < 10 and rest >= 60 else f"{hours}h"
    days, rest = divmod(whole, 86400)
    return f"{days}d{rest // 3600}h" if days < 8 and rest >= 3600 else f"{days}d"
