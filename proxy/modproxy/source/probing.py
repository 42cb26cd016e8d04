"""Asks each place that a config names, once and all together, how it answers.

It goes out as fetches do: by the same HTTP proxy, with the same certificates and logins. It asks no URL of the caller:
of a module it takes the host alone, where the config lets the replica fetch the module from there.
"""

import asyncio
import time
from http import HTTPStatus

import aiohttp

from modproxy.contract.probe import MOST_PLACES, ProbedPlace
from modproxy.layout import Layout
from modproxy.mod.chain import EntryKind
from modproxy.mod.login import UrlLogin
from modproxy.source.way_out.failure_words import failure_words
from modproxy.source.way_out.hops import HopError, Hops

_SECONDS = 10.0
"""For each place; all are asked at once."""


async def probe_places(hops: Hops, layout: Layout | None, module: str) -> tuple[ProbedPlace, ...]:
    """Return how they answer. `module` may be empty. Raises `CancelledError`."""
    places = places_of(layout, module) if layout is not None else []
    return tuple(await asyncio.gather(*(_ask(hops, module, *place) for place in places[:MOST_PLACES])))


def places_of(layout: Layout, module: str) -> list[tuple[str, str, UrlLogin | None]]:
    """Return the kind, the URL and the login of each place. `module` adds the host of its version control."""
    private = bool(module) and layout.is_private(module)
    found: list[tuple[str, str, UrlLogin | None]] = []
    if layout.parent:
        found.append(("parent", layout.parent, None))
    direct = private
    for entry in layout.entries:
        if entry.kind is EntryKind.PROXY and not entry.url.startswith("file:"):
            found.append(("upstream", entry.url, entry.login))
        direct = direct or entry.kind is EntryKind.DIRECT
    if direct and module:
        found.append(("versionControl", f"https://{module.partition('/')[0]}", None))
    if layout.database is not None:
        found.append(("checksumDatabase", layout.database.url, layout.database.login))
    return found


async def _ask(hops: Hops, module: str, kind: str, url: str, login: UrlLogin | None) -> ProbedPlace:
    name = url.removeprefix("https://") if kind == "versionControl" else url
    begun = time.monotonic()

    def told(status: int | None, failure: str = "") -> ProbedPlace:
        return ProbedPlace(
            kind=kind,
            name=name,
            http_proxy=hops.proxy_of(url) or "",
            status=status,
            seconds=round(time.monotonic() - begun, 4),
            failure=failure,
        )

    if kind == "versionControl" and not await hops.may_fetch_directly(module):
        return told(None, "leads to no address of the public internet, and the config does not name it")
    path = "latest" if kind == "checksumDatabase" else ""
    try:
        answered = await hops.get(f"{url.rstrip('/')}/{path}", login, {}, aiohttp.ClientTimeout(total=_SECONDS))
    except HopError as e:
        return told(None, failure_words(e.cause))
    with answered:
        status = answered.response.status
        return told(status, f"answers {status}" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "")
