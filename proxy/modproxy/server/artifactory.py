"""The version that Artifactory's own client asks for before it publishes."""

import json

from aiohttp import web

from modproxy.cache.answer import CacheStatus
from modproxy.in_force import Rules
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.artifactory import ARTIFACTORY, VERSION
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.server.decide.head import REQUEST_ID, SERVER
from modproxy.server.reply import Reply


class ArtifactoryVersion:
    """Says that it can be published here as to an Artifactory, where modules are hosted."""

    proves_itself = False

    async def reply(self, http: web.BaseRequest, arrival: Arrival, rules: Rules) -> Reply:
        """Return the version."""
        if rules.config.hosted is None:
            answer = ErrorAnswer(404, "not found: this fleet hosts no modules (spec.hosted)")
            return Reply(ARTIFACTORY, CacheStatus.NONE, answer)
        body = json.dumps({"version": VERSION, "addons": []})
        headers = {"Server": SERVER, REQUEST_ID: arrival.id}
        response = web.Response(text=body, content_type="application/json", headers=headers)
        return Reply(ARTIFACTORY, CacheStatus.NONE, response=response)
