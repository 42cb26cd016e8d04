"""The operator's account, which applies children as the operator makes them, or otherwise."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import aiohttp

from goproxy_operator.api.autoscaling import Provider
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.children import ChildFacts, children
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.stateful_set import claim_templates
from goproxy_operator.kube.resources import CHILDREN
from goproxy_operator.reconcile.decide.difference import stamped

Object = dict[str, Any]
SPEC: Object = {
    "autoscaling": {"minReplicas": 1, "maxReplicas": 4, "targetRequestsPerSecond": 1000},
    "upstream": {
        "credentials": [{"pattern": "git.example.com", "secretName": "goproxy-git"}],
        "trustedCASecretName": "goproxy-ca",
    },
    "expose": {
        "ingress": {"host": "goproxy.example.com", "tlsSecretName": "goproxy-edge"},
        "gateway": {"host": "goproxy.example.com", "parentRef": {"name": "edge"}},
        "tls": {"secretName": "goproxy-tls", "issuerRef": {"name": "corp-ca"}},
    },
    "access": {
        "basic": {"secretName": "goproxy-users"},
        "trustedProxy": {"cidrs": ["10.0.0.0/8"], "secretName": "goproxy-front"},
    },
    "cache": {"objectStore": {"url": "s3://go-modules", "secretName": "goproxy-bucket"}},
    "audit": {"elasticsearch": {"url": "https://es.example.com", "index": "audit", "secretName": "goproxy-audit"}},
    "monitoring": {"dashboard": "Enabled"},
}


class Account:
    """The operator's account in one namespace, where GoProxy `team-a` is."""

    def __init__(self, session: aiohttp.ClientSession, fleet: GoProxy) -> None:
        self.session = session
        self.fleet = fleet
        self.namespace = fleet.metadata.namespace
        self.served: Collection[str] = ()
        """The kinds of optional APIs for which children are made too."""

    def manifest(self, kind: str, name: str | None = None) -> Object:
        """A child as the operator makes it."""
        files = documents(self.fleet, 1, None)
        facts = ChildFacts("modproxy:1", files, claim_templates(self.fleet), 0, self.served, rate_from=Provider.BUILTIN)
        made = children(self.fleet, facts)
        return stamped(next(one for one in made if one["kind"] == kind and name in (None, one["metadata"]["name"])))

    async def apply(self, manifest: Object) -> str:
        """Apply as the operator does. Return why that is refused, "" where it is not."""
        path = CHILDREN[manifest["kind"]].path(manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        return await self.send("PATCH", path, manifest)

    async def send(self, method: str, path: str, body: Object | None = None, form: str = "apply-patch+yaml") -> str:
        headers = {"Content-Type": f"application/{form}" if method == "PATCH" else "application/json"}
        query = {"fieldManager": "x", "force": "true"} if form == "apply-patch+yaml" and method == "PATCH" else {}
        async with self.session.request(
            method, path, params=query, data=json.dumps(body) if body is not None else None, headers=headers
        ) as response:
            answer = await response.json()
        return "" if response.status < 300 else str(answer["message"])
