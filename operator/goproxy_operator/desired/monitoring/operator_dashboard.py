"""The dashboard of the operator itself. The metrics are those of `goproxy_operator.metrics`. Pure."""

from goproxy_operator.desired.monitoring.panels import RED, YELLOW, Document, Panel, Variable, board
from goproxy_operator.desired.monitoring.queries import Queries

_UID = "goproxy-operator"
_CHOSEN = ('namespace=~"$namespace"', 'job=~"$job"')


def operator_dashboard() -> Document:
    """Return the dashboard."""
    job = 'label_values(goproxy_operator_leading{namespace=~"$namespace"}, job)'
    variables = [
        Variable("namespace", "Namespace", "label_values(goproxy_operator_leading, namespace)"),
        Variable("job", "Job", job),
    ]
    return board(_UID, "goproxy-operator", [*_at_a_glance(), *_of_work(), *_of_the_process()], variables)


def _query() -> Queries:
    return Queries(_CHOSEN, "$__rate_interval")


def _at_a_glance() -> list[Panel]:
    query = _query()
    objects = query.of("goproxy_operator_objects")
    # A status that no fleet has is no series: the panel shows 0 then, and nothing where no operator is scraped.
    none = f"0 * max({objects})"
    stalled = query.of("goproxy_operator_fleets", 'condition="Stalled"', 'status="True"')
    not_ready = query.of("goproxy_operator_fleets", 'condition="Ready"', 'status="False"')
    return [
        Panel(
            "stat",
            "Fleets",
            "GoProxy objects that the operator knows.",
            "short",
            {"": f"max({objects})"},
            6,
        ),
        Panel(
            "stat",
            "Fleets that do not serve",
            "Fleets whose condition Ready is False. kubectl get gop -A shows the reason of each.",
            "short",
            {"": f"sum({not_ready}) or {none}"},
            6,
            {1: RED},
        ),
        Panel(
            "stat",
            "Stalled fleets",
            "Fleets whose newest generation cannot be carried out until somebody changes something.",
            "short",
            {"": f"sum({stalled}) or {none}"},
            6,
            {1: YELLOW},
        ),
        Panel(
            "stat",
            "Leaders",
            "One replica of the operator is active. 0 for minutes means that nobody looks after the fleets.",
            "short",
            {"": f"sum({query.of('goproxy_operator_leading')})"},
            6,
            {2: RED},
        ),
    ]


def _of_work() -> list[Panel]:
    query = _query()
    buckets = query.rate("goproxy_operator_reconcile_seconds_bucket", by="le")
    return [
        Panel(
            "timeseries",
            "Age of the queue",
            "How long the object that waits longest has been due. Above 30 s for minutes, the API server or the "
            "operator's CPU is too slow.",
            "s",
            {"{{pod}}": query.of("goproxy_operator_queue_age_seconds")},
            thresholds={30: RED},
        ),
        Panel(
            "timeseries",
            "Reconciles by how they went",
            "failed: the operator tries again, and its log says why.",
            "ops",
            {"{{result}}": query.rate("goproxy_operator_reconciles_total", by="result")},
        ),
        Panel(
            "timeseries",
            "Time of one reconcile",
            "From the beginning of a pass over one object to its end, calls included.",
            "s",
            {f"p{int(quantile * 100)}": f"histogram_quantile({quantile}, {buckets})" for quantile in (0.5, 0.99)},
        ),
        Panel(
            "timeseries",
            "Calls to the API server by verb",
            "A cluster in which nothing changes sees few patches: statuses whose figures moved.",
            "reqps",
            {"{{verb}}": query.rate("goproxy_operator_api_calls_total", by="verb")},
        ),
        Panel(
            "timeseries",
            "Calls that the API server refused",
            "403: a right is missing. 409: somebody else writes the same fields. 429: the API server sheds load.",
            "reqps",
            {
                "{{code}} {{resource}}": query.rate(
                    "goproxy_operator_api_calls_total", 'code=~"4..|5..",code!="404"', by="code, resource"
                )
            },
        ),
        Panel(
            "timeseries",
            "Roll-outs of a new version",
            "rolling: fleets that have their turn. waiting: fleets that wait for one.",
            "short",
            {"{{state}}": f"sum by (state) ({query.of('goproxy_operator_rollouts')})"},
        ),
        Panel(
            "timeseries",
            "Reports asked of replicas",
            "failed: replicas that do not answer. refused: what answers is no replica.",
            "reqps",
            {"{{result}}": query.rate("goproxy_operator_scrapes_total", by="result")},
        ),
        Panel(
            "timeseries",
            "Faults",
            "Errors that no code foresaw. The log has each of them: please report them.",
            "short",
            {"{{pod}}": f"increase({query.of('goproxy_operator_faults_total')}[$__rate_interval])"},
            thresholds={1: RED},
        ),
    ]


def _of_the_process() -> list[Panel]:
    query = _query()
    return [
        Panel(
            "timeseries",
            "Memory",
            "Resident memory of each replica of the operator. The chart's limit is 512 MiB.",
            "bytes",
            {"{{pod}}": query.of("process_resident_memory_bytes")},
        ),
        Panel(
            "timeseries",
            "CPU",
            "Processor seconds a second of each replica of the operator.",
            "short",
            {"{{pod}}": query.rate("process_cpu_seconds_total", by="pod")},
        ),
    ]
