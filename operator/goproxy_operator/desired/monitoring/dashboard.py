"""The dashboard of all fleets, which the operator's installation brings, and a fleet's own copy of it.

Grafana's sidecar imports every ConfigMap with its label.
"""

import json

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child
from goproxy_operator.desired.monitoring.objective_rules import BUDGET_LEFT, TARGET, ratio
from goproxy_operator.desired.monitoring.panels import GREEN, RED, YELLOW, Document, Panel, Variable, board
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
    return [*_at_a_glance(), *_of_objectives(), *_of_requests(), *_of_caches(), *_of_upstreams(), *_of_sharing()]


def _query() -> Queries:
    return Queries(_CHOSEN, "$__rate_interval")


def _at_a_glance() -> list[Panel]:
    query = _query()
    return [
        Panel(
            "stat",
            "Hit rate",
            "The share of requests that no request to an upstream was needed for. It is low while caches are new, and "
            "when they are too small.",
            "percentunit",
            {"": query.hit_rate},
            6,
            {0.5: YELLOW, 0.8: GREEN},
            below=RED,
        ),
        Panel(
            "stat",
            "Requests a second",
            "All requests of clients, refusals included.",
            "reqps",
            {"": query.rate("http_requests_total")},
            6,
        ),
        Panel(
            "stat",
            "Replicas that are not ready",
            "Replicas that are scraped and say that they do not serve. kubectl describe gop tells why.",
            "short",
            {"": f"sum(1 - {query.of('modproxy_ready')})"},
            6,
            {1: RED},
        ),
        Panel(
            "stat",
            "Checksum mismatches in this span",
            "Modules that an upstream gave and that the checksum database says are others. They were refused. Any one "
            "needs somebody's attention.",
            "short",
            {"": f"sum(increase({query.of('modproxy_checksum_mismatches_total')}[$__range]))"},
            6,
            {1: RED},
        ),
    ]


def _of_objectives() -> list[Panel]:
    # They are recorded for a whole fleet, whichever replica is chosen.
    query = Queries(_CHOSEN[:2], "$__rate_interval")
    burn = f"{query.of(ratio('1h'))} / (1 - {query.of(TARGET)})"
    return [
        Panel(
            "bargauge",
            "Error budget that is left",
            "The share of the bad events that monitoring.objectives allows in 30 days and that did not happen. At 0 "
            "the objective is missed. It is empty where no rules are made.",
            "percentunit",
            {"{{namespace}}/{{job}} {{objective}}": query.of(BUDGET_LEFT)},
            thresholds={0: YELLOW, 0.25: GREEN},
            below=RED,
        ),
        Panel(
            "timeseries",
            "Burn rate of the error budget",
            "How many times faster than allowed the budget was used up in the last hour: at 1 it lasts for 30 days, at "
            "14.4 for two.",
            "short",
            {"{{namespace}}/{{job}} {{objective}}": burn},
            thresholds={1: YELLOW, 14.4: RED},
        ),
    ]


def _of_requests() -> list[Panel]:
    query = _query()
    return [
        Panel(
            "timeseries",
            "Hit rate by fleet",
            "A fall that lasts means that the cache evicts what is needed again: see the storage below.",
            "percentunit",
            {"{{namespace}}/{{job}}": query.hit_rate_by("namespace, job")},
        ),
        Panel(
            "timeseries",
            "Requests by how they were answered",
            "hit: from the cache. miss: fetched. stale: an old answer while or because upstream does not answer. "
            "negative: an absence that is remembered. denied: refused by the fleet's rules.",
            "reqps",
            {"{{cache}}": query.rate("http_requests_total", by="cache")},
        ),
        Panel(
            "timeseries",
            "Requests by replica",
            "One replica far above the others means clients that keep their connections: a load balancer in front of "
            "the fleet spreads them.",
            "reqps",
            {"{{namespace}}/{{pod}}": query.rate("http_requests_total", by="namespace, pod")},
        ),
        Panel(
            "timeseries",
            "Latency",
            "From a client's request to the end of its answer. p99 has the misses in it, and large zips.",
            "s",
            {f"p{int(quantile * 100)}": query.latency(quantile) for quantile in (0.5, 0.95, 0.99)},
        ),
        Panel(
            "timeseries",
            "Latency of hits",
            "The same for what the fleet holds, zips apart: their time is the client's network. Hits that become slow "
            "ask for more CPU, or faster disks.",
            "s",
            {f"p{int(quantile * 100)}": query.hit_latency(quantile) for quantile in (0.5, 0.95, 0.99)},
        ),
        Panel(
            "timeseries",
            "Answers that are errors of the fleet",
            "5xx by status. 502 and 504 come from upstreams, 503 from replicas that are full or shut down, 500 from a "
            "fault of the program.",
            "reqps",
            {"{{code}}": query.rate("http_requests_total", 'code=~"5.."', by="code")},
        ),
    ]


def _of_caches() -> list[Panel]:
    query = _query()
    return [
        Panel(
            "timeseries",
            "Storage by replica",
            "The share of the capacity that is used. From cache.highWatermarkPercent on (85 by default), what was used "
            "least recently goes.",
            "percentunit",
            {"{{namespace}}/{{pod}}": query.storage},
            thresholds={0.85: YELLOW, 0.95: RED},
        ),
        Panel(
            "timeseries",
            "Bytes held by replica",
            "What the cache of each replica holds.",
            "bytes",
            {"{{namespace}}/{{pod}}": query.of("modproxy_cache_bytes")},
        ),
        Panel(
            "timeseries",
            "Disk pressure",
            "1 while a replica stores nothing more, or soon will not. Condition DiskPressure tells why.",
            "short",
            {"{{namespace}}/{{pod}}": query.of("modproxy_disk_pressure")},
            thresholds={1: RED},
        ),
        Panel(
            "timeseries",
            "Refusals",
            "Requests that the allowlist refused (Enforce), or would refuse (DryRun).",
            "reqps",
            {
                "{{namespace}}/{{job}} {{rule}} {{mode}}": query.rate(
                    "modproxy_policy_refusals_total", by="namespace, job, rule, mode"
                )
            },
        ),
    ]


def _of_upstreams() -> list[Panel]:
    query = _query()
    return [
        Panel(
            "timeseries",
            "Requests to upstream by answer",
            "404 and 410 are answers like others. 401 and 403 mean credentials, 429 and 5xx trouble at the upstream.",
            "reqps",
            {"{{code}}": query.rate("modproxy_upstream_requests_total", by="code")},
        ),
        Panel(
            "timeseries",
            "Requests to upstream without an answer",
            "What kept a request from its answer: names that do not resolve, certificates, time-outs. Condition "
            "UpstreamReachable names the host.",
            "reqps",
            {"{{reason}}": query.rate("modproxy_upstream_errors_total", by="reason")},
        ),
    ]


def _of_sharing() -> list[Panel]:
    query = _query()
    return [
        Panel(
            "timeseries",
            "Requests between replicas",
            "What replicas ask each other, and what children ask. Errors that last mean that replicas "
            "do not reach each other: condition PeersReady tells why.",
            "reqps",
            {"{{direction}} {{outcome}}": query.rate("modproxy_peer_requests_total", by="direction, outcome")},
        ),
        Panel(
            "timeseries",
            "Other replicas that answer",
            "How many others of its fleet each replica reaches: one less than there are, while all is well.",
            "short",
            {"{{namespace}}/{{pod}}": query.of("modproxy_peers")},
        ),
        Panel(
            "timeseries",
            "Changes of owners",
            "How often the replicas that own modules have changed. It moves with roll-outs and scaling; what moves at "
            "other times means replicas that come and go.",
            "short",
            {"{{namespace}}/{{pod}}": query.rate("modproxy_owner_moves_total", by="namespace, pod")},
        ),
        Panel(
            "timeseries",
            "Requests to the object store",
            "Reads come before upstream, writes behind answers. Condition ObjectStoreReady tells why it fails.",
            "reqps",
            {"{{operation}} {{outcome}}": query.rate("modproxy_object_store_requests_total", by="operation, outcome")},
        ),
        Panel(
            "timeseries",
            "Files that wait for the object store",
            "What is not written yet. A number that only grows means a store that takes nothing, or less than comes.",
            "short",
            {"{{namespace}}/{{pod}}": query.of("modproxy_object_store_waiting")},
        ),
    ]
