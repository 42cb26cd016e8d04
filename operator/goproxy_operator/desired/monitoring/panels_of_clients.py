"""The panels of the fleets' dashboard that are about what clients get. Pure."""

from goproxy_operator.desired.monitoring.objective_rules import BUDGET_LEFT, TARGET, ratio
from goproxy_operator.desired.monitoring.panels import GREEN, RED, YELLOW, Panel
from goproxy_operator.desired.monitoring.queries import Queries


def at_a_glance(query: Queries) -> list[Panel]:
    """Return the panels about what is seen first."""
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


def of_objectives(query: Queries) -> list[Panel]:
    """Return the panels about objectives, which are recorded for whole fleets: `query` chooses no replica."""
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


def of_requests(query: Queries) -> list[Panel]:
    """Return the panels about requests of clients."""
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
