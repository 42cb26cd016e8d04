"""What clients ask for in the measurements of hits."""

from bench.measurements.hit_workloads import MIX, WORKLOADS, held, made_hits, paths

BY_NAME = {workload.name: workload for workload in WORKLOADS}


def test_the_mix_has_its_shares() -> None:
    asked = paths(BY_NAME["mixed"])
    for suffix, percent in MIX.items():
        assert abs(100 * sum(key.endswith(suffix) for key in asked) / len(asked) - percent) < 2


def test_the_large_zip_is_a_mebibyte() -> None:
    (key,) = paths(BY_NAME["zip"])
    assert 1 << 20 <= len(made_hits().files[key]) < (1 << 20) + 2000


def test_all_that_is_asked_for_is_held_and_made() -> None:
    files = made_hits().files
    assert set(held()) <= set(files)
    for workload in WORKLOADS:
        assert set(paths(workload)) <= set(held())
