"""Answers a shell, and kubectl, which words may come next."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

_ASKED = "_ARGCOMPLETE"
_BETWEEN = "\013"
"""What argcomplete writes between two words, unless the shell wants something else."""
_ONLY_THESE = 4
_OTHERS_TOO = 0
"""What kubectl's protocol says at the end: cobra's ShellCompDirectiveNoFileComp and ShellCompDirectiveDefault."""


class Answered(Exception):
    """The words are written: the program is done."""


def asked() -> bool:
    """Say whether a shell asks for words, rather than that the command be run."""
    return _ASKED in os.environ and "COMP_LINE" in os.environ


def words_before() -> list[str]:
    """Return the words of the line before the one that is completed, without the program's name."""
    from argcomplete.lexers import split_line  # noqa: PLC0415 - only for completion

    line = os.environ["COMP_LINE"]
    point = int(os.environ.get("COMP_POINT", len(line)))
    words: list[str] = split_line(line, point)[3]
    return words[1:]


def answer(parser: argparse.ArgumentParser, stream: TextIO | None = None) -> None:
    """Write the words that may come next, and raise `Answered`."""
    import argcomplete  # noqa: PLC0415 - only for completion

    def done(*_: object) -> None:
        raise Answered

    argcomplete.autocomplete(parser, always_complete_options=False, exit_method=done, output_stream=stream)
    raise Answered


def answer_kubectl(words: Sequence[str], complete: Callable[[TextIO], object]) -> int:
    """Answer kubectl, which completes `kubectl goproxy WORDS`; the last word is the one that is typed.

    The protocol is that of `kubectl_complete-NAME`: a word a line, then a line with a directive.
    """
    line = " ".join(["kubectl-goproxy", *words]) if words else "kubectl-goproxy "
    os.environ |= {_ASKED: "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": _BETWEEN}
    sink = io.StringIO()
    complete(sink)
    found = [word.strip() for word in sink.getvalue().split(_BETWEEN) if word.strip()]
    sys.stdout.write("".join(f"{word}\n" for word in found))
    print(f":{_ONLY_THESE if found else _OTHERS_TOO}")
    return 0
