"""The panels of the fleets' dashboard that are about replicas, and what they ask for. Pure."""

from goproxy_operator.desired.monitoring.panels import RED, YELLOW, Panel
from goproxy_operator.desired.monitoring.queries import Queries


def of_caches(query: Queries) -> list[Panel]:
    """Return the panels about caches and refusals."""
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
            "Requests that a rule refused (Enforce), or would refuse (DryRun): who asks, what is allowed, how old it "
            "is, what is known of it.",
            "reqps",
            {
                "{{namespace}}/{{job}} {{rule}} {{mode}}": query.rate(
                    "modproxy_policy_refusals_total", by="namespace, job, rule, mode"
                )
            },
        ),
    ]


def of_upstreams(query: Queries) -> list[Panel]:
    """Return the panels about what is asked of upstreams."""
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


def of_sharing(query: Queries) -> list[Panel]:
    """Return the panels about what replicas share."""
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


def of_machine(query: Queries) -> list[Panel]:
    """Return the panels about what the machine gives a replica."""
    by = "namespace, pod"
    replica = "{{namespace}}/{{pod}}"
    withheld = query.rate("modproxy_cpu_throttled_periods_total", by=by)
    waited = query.rate("modproxy_pressure_waiting_seconds_total", by=f"{by}, resource")
    descriptors = f"{query.of('process_open_fds')} / {query.of('process_max_fds')}"
    memory = f"{query.of('modproxy_memory_working_set_bytes')} / {query.of('modproxy_memory_limit_bytes')}"
    return [
        Panel(
            "timeseries",
            "CPU that the limit withheld",
            "The share of its periods in which the CPU limit stopped a replica: every answer of that time came late. "
            "Raise pod.resources.limits.cpu, or leave the limit out.",
            "percentunit",
            {replica: f"{withheld} / {query.rate('modproxy_cpu_periods_total', by=by)}"},
            thresholds={0.1: YELLOW, 0.25: RED},
        ),
        Panel(
            "timeseries",
            "Memory of the limit",
            "What a replica needs of the memory that it may have. The kernel kills it at 100 %.",
            "percentunit",
            {replica: memory},
            thresholds={0.9: YELLOW, 0.97: RED},
        ),
        Panel(
            "timeseries",
            "Time that threads wait",
            "The share of the time in which some thread of a replica waits for CPU, memory or disk.",
            "percentunit",
            {f"{replica} {{{{resource}}}}": waited},
        ),
        Panel(
            "timeseries",
            "Lag of the event loop",
            "By how much the replica's event loop is late: 99 of 100 samples of the last minute were less. Every "
            "answer waits for so long.",
            "s",
            {replica: query.of("modproxy_event_loop_lag_p99_seconds")},
            thresholds={0.1: YELLOW, 0.5: RED},
        ),
        Panel(
            "timeseries",
            "Open files and connections",
            "The share of those that a replica may have. At 100 % it takes no connection more.",
            "percentunit",
            {replica: descriptors},
            thresholds={0.8: YELLOW, 0.95: RED},
        ),
        Panel(
            "timeseries",
            "What makes replicas slow",
            "How many things a replica says to be slow for: condition Slow and kubectl goproxy status name them.",
            "short",
            {replica: query.of("modproxy_slow")},
            thresholds={1: YELLOW},
        ),
    ]
