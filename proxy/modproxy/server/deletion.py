"""The deletion of published versions: `DELETE /MODULE/@v/VERSION.zip`, or of the version's `.mod` or `.info`."""

import logging
from http import HTTPStatus

from aiohttp import web

from modproxy.bucket.bucket import BucketError
from modproxy.cache.changes import Changes
from modproxy.contract.config import Verb
from modproxy.fleet.change import Change as ModuleChange
from modproxy.hosted.claim import stamp
from modproxy.hosted.shelf import HostedShelf, Refused
from modproxy.in_force import Rules
from modproxy.mod.version import Version
from modproxy.server.changing import CarriedOut, Change, Counts, name_of
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.refusals import CHECKS_OF_DELETE
from modproxy.server.reply import Reply
from modproxy.via import ViaEntry

log = logging.getLogger(__name__)


class Deletion:
    """Deletes versions for those who may. A deleted version comes back with the same bytes or not at all."""

    proves_itself = False

    def __init__(
        self, shelf: HostedShelf, changes: Changes, own: ViaEntry, carried_out: CarriedOut, counts: Counts
    ) -> None:
        self._shelf = shelf
        self._changes = changes
        self._change = Change("delete", Verb.DELETE, CHECKS_OF_DELETE, own, carried_out=carried_out, counts=counts)

    async def reply(self, http: web.BaseRequest, arrival: Arrival, rules: Rules) -> Reply:
        """Delete the version that the path names."""
        if (refused := self._change.refused(http, arrival, rules)) is not None:
            return refused
        try:
            target = self._change.version_of(arrival)
            version = Version(target.version)
            done, stone = await self._shelf.delete(target.path, version, name_of(arrival.principal))
        except (Refused, BucketError) as e:
            return self._change.failed(e)
        await self._changes.changed(ModuleChange(target.path, removed=(version,)))
        log.info("%s@%s was deleted %s", target.path, version, stone.told)
        told = {"module": target.path, "version": version, "deleted": stamp(stone.at), "by": stone.by}
        return self._change.done(done.value, HTTPStatus.OK, told, arrival.id)
