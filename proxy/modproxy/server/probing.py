"""`GET /-/probe` on the admin listener: how the places that the config names answer this replica just now."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from modproxy.contract.probe import Probe, ProbedPlace
from modproxy.mod.path import PathError, check_path

_LONGEST_MODULE = 1024


class Probing:
    """Asks the places of the config in force, for one caller at a time."""

    def __init__(self, replica: str, ask: Callable[[str], Awaitable[tuple[ProbedPlace, ...]]]) -> None:
        """`replica` names this replica; `ask` asks the places, and the host of a module where one is named."""
        self._replica = replica
        self._ask = ask
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
            places = await self._ask(module)
        finally:
            self._under_way = False
        text = Probe(replica=self._replica, places=places).model_dump_json(by_alias=True) + "\n"
        return web.Response(text=text, content_type="application/json", headers={"Cache-Control": "no-store"})
