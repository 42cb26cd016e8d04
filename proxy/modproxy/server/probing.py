"""`GET /-/probe` on the admin listener: asks each place that the config names, once and all together, how it answers.

It goes out as fetches do: by the same HTTP proxy, with the same certificates and logins. It asks no URL of the caller:
of a module it takes the host alone, where the config lets the replica fetch the module from there.
"""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus

import aiohttp
from aiohttp import web

from modproxy.contract.probe import MOST_PLACES, Probe, ProbedPlace
from modproxy.layout import Layout
from modproxy.mod.chain import EntryKind
from modproxy.mod.login import UrlLogin
from modproxy.mod.path import PathError, check_path
from modproxy.source.way_out.failure_words import failure_words
from modproxy.source.way_out.hops import HopError, Hops

_SECONDS = 10.0
"""For each place; all are asked at once."""
_LONGEST_MODULE = 1024


class Probing:
    """Asks the places of the config in force, for one caller at a time."""

    def __init__(self, replica: str, way_out: Callable[[], tuple[Hops, Layout | None]]) -> None:
        """`replica` names this replica; `way_out` returns what is in force."""
        self._replica = replica
        self._way_out = way_out
        self._under_way = False

    async def keepers(self, http: web.BaseRequest) -> web.Response:
        """Answer the keepers of the fleet. Raises `CancelledError`."""
        module = http.query.get("module", "")
        try:
            if len(module) > _LONGEST_MODULE:
                raise PathError(f"it has more than {_LONGEST_MODULE} characters")
            if module:
                check_path(module)
        except PathError as e:
            return web.Response(status=400, text=f"bad request: module: {e}\n")
        if self._under_way:
            text = "another probe is under way: ask again\n"
            return web.Response(status=429, text=text, headers={"Retry-After": "10"})
        self._under_way = True
        try:
            hops, layout = self._way_out()
            places = places_of(layout, module) if layout is not None else []
            told = await asyncio.gather(*(_ask(hops, module, *place) for place in places[:MOST_PLACES]))
        finally:
            self._under_way = False
        text = Probe(replica=self._replica, places=tuple(told)).model_dump_json(by_alias=True) + "\n"
        return web.Response(text=text, content_type="application/json", headers={"Cache-Control": "no-store"})


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
