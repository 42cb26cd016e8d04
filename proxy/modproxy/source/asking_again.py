"""Asks servers again that fail: so a single failure is told from an outage, and an outage ends without any client."""

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn

from modproxy.source.outages import Again, Outages, Place

_LOOK_SECONDS = 1.0
"""How often it is looked whose turn it is."""
log = logging.getLogger(__name__)


async def ask_again(outages: Callable[[], Outages]) -> NoReturn:
    """Ask each server whose turn it is, without end. `outages` are those of the config in force."""
    asking: dict[Place, asyncio.Task[None]] = {}

    async def ask(place: Place, again: Again) -> None:
        try:
            await again()
        except Exception:
            log.exception("%s cannot be asked again, by a fault of this program", place.name)
        finally:
            del asking[place]

    try:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for place, again in outages().due():
                if place not in asking:
                    asking[place] = asyncio.create_task(ask(place, again), name=f"ask {place.name} again")
    finally:
        for task in list(asking.values()):
            task.cancel()
