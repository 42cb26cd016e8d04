"""Spans of time as arguments of commands."""

import argparse
from collections.abc import Callable

from modproxy.contract.duration import parse_duration


def span_between(least: float, most: float, words: str) -> Callable[[str], float]:
    """Return what reads a span such as `30s`, or a number of seconds, for argparse. `words` say which are taken."""

    def read(text: str) -> float:
        try:
            seconds = float(text) if text.isascii() and text.isdecimal() else parse_duration(text)
        except ValueError as e:
            raise argparse.ArgumentTypeError(str(e)) from None
        if not least <= seconds <= most:
            raise argparse.ArgumentTypeError(words)
        return seconds

    return read
