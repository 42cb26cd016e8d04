"""Completes names that only the cluster, or this machine, knows. Whatever goes wrong, there are no names then."""

import argparse
import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from goproxy_operator.kube.resources import NAMESPACES, Object
from goproxy_operator.reach.arguments import object_name, where_of
from goproxy_operator.reach.cluster import Cluster
from goproxy_operator.reach.place import Place, reach

_SECONDS = 3.0
"""Nobody waits longer for a word."""

Completer = Callable[..., Iterable[str]]


def completed_by(action: argparse.Action, completer: Completer) -> None:
    """Let a completer complete an argument."""
    vars(action)["completer"] = completer


def fleet_names(parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    """Return the names of the fleets where the line looks for them."""
    return _names(parsed_args, lambda place: place.fleets())


def namespaces(parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    """Return the names of the namespaces of the cluster."""

    async def found(place: Place) -> list[Object]:
        return await place.list(NAMESPACES) if isinstance(place, Cluster) else []

    return _names(parsed_args, found)


def _names(parsed: argparse.Namespace, ask: Callable[[Place], Any]) -> list[str]:
    async def names() -> list[str]:
        async with asyncio.timeout(_SECONDS), reach(replace(where_of(parsed), seconds=_SECONDS), quiet=True) as place:
            return [str(item["metadata"]["name"]) for item in await ask(place)]

    try:
        return asyncio.run(names())
    except Exception:
        return []


def add_fleet_name(command: argparse.ArgumentParser) -> None:
    """Add NAME, which may be left out where there is one fleet only."""
    action = command.add_argument(
        "name", nargs="?", type=object_name, metavar="NAME", help="the fleet (default: the only one there is)"
    )
    completed_by(action, fleet_names)


def complete_names(command: argparse.ArgumentParser) -> None:
    """Let namespaces be completed, after `add_reach_arguments`."""
    for action in command._actions:
        if "--namespace" in action.option_strings:
            completed_by(action, namespaces)
