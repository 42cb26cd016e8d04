"""`GET /-/probe` on the admin listener: how the places that the config names answer this replica just now."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from modproxy.contract.probe import Probe, ProbedPlace
from modproxy.hosted.hosting import Hosting
from modproxy.layout import Layout
from modproxy.mod.path import PathError, check_path
from modproxy.mod.version import VersionError, check_version
from modproxy.policy.allowlist import Allowlist

_LONGEST = 1024
"""Characters of a module path, and of a version."""


class NamingRules(Protocol):
    """What the rules in force say of places, and of modules whose names leave the fleet never."""

    @property
    def layout(self) -> Layout | None: ...  # noqa: D102 - see `Rules`

    @property
    def policy(self) -> Allowlist: ...  # noqa: D102

    @property
    def hosting(self) -> Hosting | None: ...  # noqa: D102


Ask = Callable[[Layout | None, str, str], Awaitable[tuple[ProbedPlace, ...]]]
"""Asks the places of a layout, of a module and a version; both texts may be empty."""


class Probing:
    """Asks the places of the config in force, for one caller at a time."""

    def __init__(self, replica: str, rules: Callable[[], NamingRules], ask: Ask) -> None:
        """`replica` names this replica."""
        self._replica = replica
        self._rules = rules
        self._ask = ask
        self._under_way = False

    async def keepers(self, http: web.BaseRequest) -> web.Response:
        """Answer the keepers of the fleet. Raises `CancelledError`."""
        module, version = http.query.get("module", ""), http.query.get("version", "")
        rules = self._rules()
        try:
            if len(module) > _LONGEST or len(version) > _LONGEST:
                raise PathError(f"it has more than {_LONGEST} characters")
            if module or version:
                path = check_path(module)
                if version:
                    check_version(path, version)
                # Nobody is told of a module that only this fleet has, or that it serves to nobody.
                if (rules.hosting is not None and rules.hosting.only(path)) or rules.policy.refuse(path) is not None:
                    module = version = ""
        except (PathError, VersionError) as e:
            return web.Response(status=400, text=f"bad request: {e}\n")
        if self._under_way:
            text = "another probe is under way: ask again\n"
            return web.Response(status=429, text=text, headers={"Retry-After": "10"})
        self._under_way = True
        try:
            places = await self._ask(rules.layout, module, version)
        finally:
            self._under_way = False
        text = Probe(replica=self._replica, places=places).model_dump_json(by_alias=True) + "\n"
        return web.Response(text=text, content_type="application/json", headers={"Cache-Control": "no-store"})
