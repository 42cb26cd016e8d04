"""The figures of a container, from texts as kernels write them."""

import pytest

from modproxy.resources.cgroup import Container, Pressure, container_of, own_group, withheld_percent

STAT = """usage_usec 5000000
user_usec 4000000
system_usec 1000000
nr_periods 600
nr_throttled 228
throttled_usec 9120000
nr_bursts 0
burst_usec 0
"""
PSI = """some avg10=12.34 avg60=5.00 avg300=1.00 total=6500000
full avg10=1.00 avg60=0.50 avg300=0.10 total=500000
"""
WHOLE = {
    "cpu.max": "50000 100000\n",
    "cpu.stat": STAT,
    "memory.current": "104857600\n",
    "memory.max": "268435456\n",
    "memory.stat": "anon 70000000\ninactive_file 4857600\n",
    "memory.events": "low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n",
    "cpu.pressure": PSI,
    "memory.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
    "io.pressure": "some avg10=100.00 avg60=0.00 avg300=0.00 total=1\n",
}


def test_a_container_with_limits() -> None:
    assert container_of(WHOLE) == Container(
        cpu_limit=0.5,
        period=0.1,
        periods=600,
        withheld_periods=228,
        withheld_seconds=9.12,
        memory=100_000_000,
        memory_limit=268_435_456,
        oom_kills=1,
        pressures={"cpu": Pressure(12.34, 6.5), "memory": Pressure(0.0, 0.0), "io": Pressure(100.0, 1e-6)},
    )


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"cpu.max": "max 100000\n", "memory.max": "max\n", "cpu.stat": "usage_usec 5\nuser_usec 4\n"},
        {"cpu.max": "", "memory.current": "none", "memory.events": "\n", "cpu.pressure": ""},
        {"cpu.max": "-1 0", "cpu.stat": "nr_throttled many", "memory.max": "9" * 40, "io.pressure": "some avg10=x"},
    ],
)
def test_what_is_not_told_is_no_figure(files: dict[str, str]) -> None:
    assert container_of(files) == Container()


def test_the_share_of_a_minute() -> None:
    before, after = Container(withheld_periods=100), Container(withheld_periods=328)
    assert withheld_percent(before, after, 60.0) == pytest.approx(38.0)
    assert withheld_percent(before, after, 1.0) == 100.0
    assert withheld_percent(after, before, 60.0) == 0.0  # another container's counts
    assert withheld_percent(Container(), after, 60.0) is None
    assert withheld_percent(before, before, 0.0) is None


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("0::/\n", ""),
        ("12:cpu:/x\n0::/user.slice/a:b.scope\n", "user.slice/a:b.scope"),
        ("12:cpu:/x\n", None),
        ("", None),
    ],
)
def test_the_group_of_a_process(text: str, group: str | None) -> None:
    assert own_group(text) == group
