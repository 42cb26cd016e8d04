"""Shows something again and again, until Ctrl-C: redrawn on a terminal, elsewhere a line for each change."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from goproxy_operator.client.failure import ClientError, UsageError
from goproxy_operator.output import Line, Mood, Section, View, renderable
from modproxy.contract.report_fields import plain_text

EVERY = 2.0
"""Seconds between two looks: no redraw is more frequent than one a second, and a look asks every replica."""


async def watch(look: Callable[[], Awaitable[tuple[View, str]]]) -> int:
    """Show what `look` returns: a view for terminals, and a line, which is empty where there is nothing to tell.

    What fails after the first look, such as an API server that starts anew, is told, and tried again. Ends by Ctrl-C.
    """
    view, line = await look()
    if not sys.stdout.isatty():
        return await _in_lines(look, line)
    from rich.console import Console  # noqa: PLC0415 - rich takes a while to load
    from rich.live import Live  # noqa: PLC0415

    with Live(renderable(view), console=Console(highlight=False), auto_refresh=False, screen=True) as live:
        while True:
            await asyncio.sleep(EVERY)
            try:
                view, _ = await look()
                shown = view
            except UsageError:
                raise
            except ClientError as e:
                trouble = Line(f"{plain_text(str(e))}; this is of before, and tried again", Mood.BAD)
                shown = View([Section([trouble]), *view.sections])
            live.update(renderable(shown), refresh=True)


async def _in_lines(look: Callable[[], Awaitable[tuple[View, str]]], line: str) -> int:
    if line:
        print(line, flush=True)
    while True:
        await asyncio.sleep(EVERY)
        try:
            _, new = await look()
        except UsageError:
            raise
        except ClientError as e:
            new = f"# {plain_text(str(e))}; trying again"
        if new and new != line:
            line = new
            print(line, flush=True)
