"""The metrics of the operator itself, on `/metrics`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REGISTRY = CollectorRegistry()

# Memory, processor time and descriptors of this process.
ProcessCollector(registry=REGISTRY)

API_CALLS = Counter(
    "goproxy_operator_api_calls", "Calls to the API server.", ["verb", "resource", "code"], registry=REGISTRY
)
RECONCILES = Counter(
    "goproxy_operator_reconciles", "Objects reconciled, by how it went.", ["result"], registry=REGISTRY
)
RECONCILE_SECONDS = Histogram(
    "goproxy_operator_reconcile_seconds", "What one reconcile of one object takes.", registry=REGISTRY
)
QUEUE_DEPTH = Gauge("goproxy_operator_queue_depth", "Objects that wait to be reconciled now.", registry=REGISTRY)
QUEUE_AGE = Gauge(
    "goproxy_operator_queue_age_seconds", "How long the object that waits longest has been due.", registry=REGISTRY
)
FLEETS = Gauge(
    "goproxy_operator_fleets",
    "GoProxy objects by condition, as last written.",
    ["condition", "status"],
    registry=REGISTRY,
)
ROLLOUTS = Gauge(
    "goproxy_operator_rollouts",
    "Fleets that are to run what a new version of the operator makes of them: those that roll, those that wait.",
    ["state"],
    registry=REGISTRY,
)
OBJECTS = Gauge("goproxy_operator_objects", "GoProxy objects known.", registry=REGISTRY)
LEADING = Gauge("goproxy_operator_leading", "1 while this process holds the Lease.", registry=REGISTRY)
EXTERNAL_METRICS = Gauge(
    "goproxy_operator_external_metrics_available",
    "1 while the API server passes requests for external metrics on to this operator; told by whoever leads.",
    registry=REGISTRY,
)
EXTERNAL_METRICS_REQUESTS = Counter(
    "goproxy_operator_external_metrics_requests", "Requests for external metrics.", ["code"], registry=REGISTRY
)
SCRAPES = Counter(
    "goproxy_operator_scrapes", "Reports asked of replicas, by how it went.", ["result"], registry=REGISTRY
)
FAULTS = Counter("goproxy_operator_faults", "Errors that no code foresaw; the log has each of them.", registry=REGISTRY)
