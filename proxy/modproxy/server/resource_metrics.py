"""What `/metrics` says of what the machine gives the replica. What nothing tells is left out."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from modproxy.contract.report_resources import ResourcesState
from modproxy.resources.cgroup import Container


def of_resources(state: ResourcesState, container: Container | None) -> Iterator[Metric]:
    """Yield the families. `process_open_fds` and `process_max_fds` are called as in all of Prometheus' libraries."""
    lag = "By how much the event loop was late in the last minute"
    for name, text, value in (
        ("process_open_fds", "Open files and connections.", state.open_descriptors),
        ("process_max_fds", "The most files and connections that may be open.", state.descriptor_limit),
        ("modproxy_event_loop_lag_p99_seconds", f"{lag}: 99 of 100 samples were less.", state.loop_lag_p99_seconds),
        ("modproxy_event_loop_lag_max_seconds", f"{lag}, at most.", state.loop_lag_max_seconds),
        ("modproxy_slow", "How many things make the replica slow, as its report names them.", len(state.slow)),
        ("modproxy_cpu_limit_cores", "How many CPUs the container may use.", state.cpu_limit),
        ("modproxy_memory_working_set_bytes", "The container's memory, as Kubernetes counts it.", state.memory_bytes),
        ("modproxy_memory_limit_bytes", "The most memory of the container.", state.memory_limit_bytes),
    ):
        if value is not None:
            yield GaugeMetricFamily(name, text, value)
    if container is not None:
        yield from _of_container(container)


def _of_container(container: Container) -> Iterator[Metric]:
    for name, text, value in (
        ("cpu_periods", "Periods of the CPU limit in which something ran.", container.periods),
        ("cpu_throttled_periods", "Periods in which the CPU limit stopped it.", container.withheld_periods),
        ("cpu_throttled_seconds", "How long the CPU limit stopped it, on all CPUs.", container.withheld_seconds),
        ("oom_kills", "Processes that were killed because memory was short.", container.oom_kills),
    ):
        if value is not None:
            yield CounterMetricFamily(f"modproxy_{name}", text, value)
    if container.pressures:
        text = "How long some thread waited for a resource (the kernel's PSI)."
        waited = CounterMetricFamily("modproxy_pressure_waiting_seconds", text, labels=["resource"])
        for resource, pressure in sorted(container.pressures.items()):
            waited.add_metric([resource], pressure.seconds)
        yield waited
