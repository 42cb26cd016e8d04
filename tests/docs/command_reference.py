"""Writes docs/commands.md: what each command of `kubectl goproxy` takes, from the very parsers that read it."""

from __future__ import annotations

import argparse
import contextlib

from goproxy_operator.__main__ import dispatch
from goproxy_operator.arguments import OF_PEOPLE, Parser
from goproxy_operator.client.failure import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE

_HEAD = f"""\
# Commands of `kubectl goproxy`

This page is generated (`make generate`) from what the program itself reads. [kubectl-goproxy.md](kubectl-goproxy.md)
tells how to install it, and what to do with it. Each command is there under two names: `kubectl goproxy COMMAND` and
`goproxy-operator COMMAND`.

| exit status | meaning |
|---|---|
| {EXIT_DONE} | done |
| {EXIT_FAILED} | something was refused, is missing, or failed: a line on standard error says what, and what to do |
| {EXIT_USAGE} | the command was called in a way that cannot work |
| {EXIT_INTERRUPTED} | Ctrl-C |
"""


class _DescribedError(Exception):
    """The arguments of a command are known."""


def reference() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *(_section(name, _parser(name)) for name in OF_PEOPLE)])


def _parser(name: str) -> argparse.ArgumentParser:
    found: list[Parser] = []

    def describe(parser: Parser) -> None:
        found.append(parser)
        raise _DescribedError

    with contextlib.suppress(_DescribedError):
        dispatch("kubectl goproxy", [name], describe)
    (commands,) = (one for one in found[0]._actions if isinstance(one, argparse._SubParsersAction))
    command: argparse.ArgumentParser = commands.choices[name]
    return command


def _section(name: str, parser: argparse.ArgumentParser) -> str:
    about, _, examples = (parser.description or "").partition("\nexamples:\n")
    lines = [f"## {name}", "", about.strip(), "", "| argument | meaning |", "|---|---|"]
    formatter = parser._get_formatter()
    for action in parser._actions:
        if "--help" not in action.option_strings:
            told = " ".join(formatter._expand_help(action).split()).replace("|", "\\|")
            lines.append(f"| `{_written(action)}` | {told} |")
    epilog = (parser.epilog or "").strip()
    return "\n".join([*lines, "", f"{epilog[:1].upper()}{epilog[1:]}.", "", "```", examples.rstrip(), "```", ""])


def _written(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ", ".join(action.option_strings)
    metavar = action.metavar or ("{" + ",".join(map(str, action.choices)) + "}" if action.choices else "")
    value = f"[{metavar}]" if action.nargs == "?" else str(metavar)
    return f"{', '.join(action.option_strings)} {value}".strip()


if __name__ == "__main__":
    print(reference(), end="")
