"""The dashboard of all fleets, which the operator's installation brings, and a fleet's own copy of it.

Grafana's sidecar imports every ConfigMap with its label.
"""

import json

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child
from goproxy_operator.desired.monitoring.panels import Document, Panel, Variable, board
from goproxy_operator.desired.monitoring.panels_of_clients import at_a_glance, of_objectives, of_requests
from goproxy_operator.desired.monitoring.panels_of_replicas import of_caches, of_machine, of_sharing, of_upstreams
from goproxy_operator.desired.monitoring.queries import Queries

LABEL = "grafana_dashboard"
_UID = "goproxy-fleets"
_CHOSEN = ('namespace=~"$namespace"', 'job=~"$fleet"', 'pod=~"$replica"')


def fleets_dashboard() -> Document:
    """Return the dashboard of all fleets."""
    return board(_UID, "Go module proxies", _panels(), _variables(None, None))


def dashboard(goproxy: GoProxy) -> Manifest:
    """Return a ConfigMap of the fleet's own with the dashboard, in which the fleet is chosen at first."""
    fleet, namespace = goproxy.metadata.name, goproxy.metadata.namespace
    title = f"Go module proxy {namespace}/{fleet}"
    text = json.dumps(
        board(goproxy.metadata.uid, title, _panels(), _variables(namespace, fleet)), separators=(",", ":")
    )
    # The sidecar puts the files of all namespaces into one folder, so that each needs a name of its own.
    content = {"data": {f"goproxy-{namespace}-{fleet}.json": text}}
    made = child(goproxy, "v1", "ConfigMap", names.dashboard(fleet), content)
    made["metadata"]["labels"][LABEL] = "1"
    return made


def _variables(namespace: str | None, fleet: str | None) -> list[Variable]:
    in_namespace = 'modproxy_ready{namespace=~"$namespace"}'
    in_fleet = 'modproxy_ready{namespace=~"$namespace",job=~"$fleet"}'
    return [
        Variable("namespace", "Namespace", "label_values(modproxy_ready, namespace)", namespace),
        Variable("fleet", "Fleet", f"label_values({in_namespace}, job)", fleet),
        Variable("replica", "Replica", f"label_values({in_fleet}, pod)"),
    ]


def _panels() -> list[Panel]:
    query = Queries(_CHOSEN, "$__rate_interval")
    of_fleets = Queries(_CHOSEN[:2], "$__rate_interval")
    return [
        *at_a_glance(query),
        *of_objectives(of_fleets),
        *of_requests(query),
        *of_caches(query),
        *of_upstreams(query),
        *of_sharing(query),
        *of_machine(query),
    ]
