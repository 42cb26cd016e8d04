"""Words of others stay the same while the cause does."""

from __future__ import annotations

import pytest

from goproxy_operator.observed.steady_words import WORDS_LENGTH, last_line, pull_failure, scheduling_failure, steady

MOVING = [
    (
        "back-off 5m0s restarting failed container=modproxy",
        "back-off 2m40s restarting failed container=modproxy",
    ),
    (
        "dial tcp: lookup r.example.com on 10.96.0.10:53: read udp 10.0.0.3:40235->10.96.0.10:53: i/o timeout",
        "dial tcp: lookup r.example.com on 10.96.0.10:53: read udp 10.0.0.3:51811->10.96.0.10:53: i/o timeout",
    ),
    (
        "exceeded quota: q, requested: requests.memory=512Mi, used: requests.memory=3Gi, limited: requests.memory=3Gi",
        "exceeded quota: q, requested: requests.memory=512Mi, used: requests.memory=2900Mi, limited: "
        "requests.memory=3Gi",
    ),
    (
        "exceeded quota: q, requested: cpu=1,pods=1, used: cpu=3,pods=2, limited: cpu=3,pods=2",
        "exceeded quota: q, requested: cpu=1,pods=1, used: cpu=3100m,pods=2, limited: cpu=3,pods=2",
    ),
    (
        "failed to create sandbox 0a1b2c3d4e5f60718293a4b5c6d7e8f9: no address",
        "failed to create sandbox 99ffb2c3d4e5f60718293a4b5c6d7e8f: no address",
    ),
    ("pod 0c7ae1b2-9b62-4a3e-8d3c-2f6d3b5b9c11 is busy", "pod 1c7ae1b2-9b62-4a3e-8d3c-2f6d3b5b9c11 is busy"),
    ("panic after 12.5s elapsed", "panic after 1m3s elapsed"),
    ("2026-03-04 05:06:07,123 ERROR no disk", "2026-03-05 15:16:17,9 ERROR no disk"),
    ("request id: 8a7f33, denied", "request id: 99be01, denied"),
    ("2026/03/04 05:06:07 [emerg] no disk", "2026/03/05 15:16:17 [emerg] no disk"),
    ("2026/03/04 05:06:07.123456 main.go:3: no disk", "2026/03/04 05:11:08.000001 main.go:3: no disk"),
    ("E0304 05:06:07.123456       1 main.go:3] no disk", "E0305 15:16:17.654321      17 main.go:3] no disk"),
    ('{"level":"error","ts":1772600767.123,"msg":"no disk"}', '{"level":"error","ts":1772601067.98,"msg":"no disk"}'),
    ("[05:06:07 ERR] no disk", "[15:16:17 ERR] no disk"),
    ("main.main() /src/main.go:3 +0x1d", "main.main() /src/main.go:3 +0x2ea"),
]


@pytest.mark.parametrize(("one", "other"), MOVING)
def test_figures_that_move_are_left_out(one: str, other: str) -> None:
    assert steady(one) == steady(other)


@pytest.mark.parametrize(
    "text",
    [
        "image registry.example.com/a@sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "the container ended with exit code 137",
        "maximum memory usage per Container is 1Gi, but limit is 2Gi",
        "readiness probe failed: HTTP probe failed with statuscode: 503",
        "no limit of 5m is set",
        "interface 00:11:22:33:44:55 at 10.0.0.1:80 is down",
        "fe80::11:22:33 does not answer",
    ],
)
def test_what_tells_the_cause_stays(text: str) -> None:
    assert steady(text) == text


def test_one_line_that_is_not_too_long() -> None:
    assert steady("a\n  b\tc\x1b") == "a b c\\x1b"
    assert len(steady("word " * 9999)) == WORDS_LENGTH
    assert last_line("one\ntwo\n \n") == "two"
    assert last_line("\n") == ""


def test_a_pull_has_one_reason_whoever_tells_it() -> None:
    why = 'failed to resolve reference "r.example.com/a:1": not found'
    rpc = f"rpc error: code = NotFound desc = {why}"
    image = '"r.example.com/a:1"'
    told = (
        rpc,
        f"Back-off pulling image {image}: ErrImagePull: {rpc}",
        f"Failed to pull image {image}: {rpc}",
        f"Failed to pull image {image}: {why}",
        f"Back-off pulling image {image}: RegistryUnavailable: {why}",
    )
    assert {pull_failure(each) for each in told} == {why}
    for empty in (f"Back-off pulling image {image}", "Error: ErrImagePull", "Error: ImagePullBackOff", ""):
        assert not pull_failure(empty)


def test_a_scheduler_that_sees_other_nodes_says_the_same() -> None:
    one = "0/3 nodes are available: 1 node(s) had untolerated taint {a: }, 2 Insufficient cpu, 2 Insufficient memory."
    other = "0/9 nodes are available: 9 Insufficient memory, 1 node(s) had untolerated taint {a: }, 8 Insufficient cpu."
    told = "no node fits: Insufficient cpu, Insufficient memory, node(s) had untolerated taint {a: }"
    assert scheduling_failure(one) == scheduling_failure(other) == told
    unbound = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
    assert scheduling_failure(unbound) == "no node fits: pod has unbound immediate PersistentVolumeClaims. not found"
    assert scheduling_failure("no nodes available to schedule pods") == "no nodes available to schedule pods"


@pytest.mark.parametrize("filling", [" ", ". ", "1 ", ", 1 ", "\n"])
def test_what_a_scheduler_says_ends_at_its_preemption_whatever_stands_before_that(filling: str) -> None:
    said = f"0/3 nodes are available: 3 too small{filling * 9}preemption: 0/3 nodes are available: 3 none."
    assert "preemption" not in scheduling_failure(said)
    assert scheduling_failure(f"0/3 nodes are available: 3 too small.{filling * 3}preemption: x").startswith(
        "no node fits: "
    )
