"""What people read of a fleet, from what is known of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goproxy_operator.fleets.counting import summed
from goproxy_operator.fleets.event_view import event_view, of_fleet
from goproxy_operator.fleets.list_view import list_view
from goproxy_operator.fleets.seen import Seen
from goproxy_operator.fleets.status_view import status_document, status_line, status_view
from goproxy_operator.output import drawn, span
from goproxy_operator.reach.fleet import Fleet
from modproxy.contract.report import Outage
from modproxy.contract.report_resources import ResourcesState, Slowness
from modproxy.contract.top import ModuleUse, Top
from tests.operator.reconcile.status.status_facts import report

NOW = 1_800_000_000.0


class Named:
    """A replica of which nothing is asked."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def get(self, path: str, *, largest: int = 0, seconds: float = 0) -> bytes:
        raise AssertionError(path)


def item(*conditions: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "team-a", "namespace": "build", "generation": 3},
        "spec": {"className": "standard"},
        "status": {"ready": "2/2", "observedGeneration": 3, "conditions": list(conditions), **status},
    }


def condition(kind: str, status: str, reason: str, message: str = "words") -> dict[str, Any]:
    told = {"type": kind, "status": status, "reason": reason, "message": message}
    return told | {"lastTransitionTime": "2027-01-15T07:00:00Z"}


SERVES = condition("Ready", "True", "Serving")


def seen(document: dict[str, Any], **more: Any) -> Seen:
    return Seen(Fleet(document, (Named("team-a-0"), Named("team-a-1")), "http://team-a.build.svc:8080"), NOW, **more)


@pytest.mark.parametrize(
    ("document", "verdict"),
    [
        (item(SERVES), "it is well"),
        (item(condition("Ready", "False", "NoReplicaReady")), "it does not serve"),
        (item(condition("Ready", "Unknown", "Suspended")), "it does not serve"),
        (item(SERVES, condition("UpstreamReachable", "False", "HostNotFound")), "somebody should look at it"),
        (item(SERVES, condition("DiskPressure", "True", "CacheDiskFull")), "somebody should look at it"),
        (item(SERVES, condition("ConfigSynced", "True", "InForceWithWarnings")), "somebody should look at it"),
        (item(SERVES, condition("Reconciling", "True", "RollingOut")), "a change is under way"),
        (item(), "does one run?"),
    ],
)
def test_the_first_line_is_the_verdict(document: dict[str, Any], verdict: str) -> None:
    assert verdict in drawn(status_view(seen(document))).split("\n")[0]


def test_what_is_wrong_stands_first_with_what_to_do_and_the_link() -> None:
    bad = condition(
        "UpstreamReachable", "False", "HostNotFound", "proxy.example.com cannot be resolved: check the name"
    )
    text = drawn(status_view(seen(item(SERVES, bad, help=["https://docs.example.com/x"]))))
    assert text.index("! UpstreamReachable is False, HostNotFound, for 60m") < text.index("Ready is True, Serving")
    assert "    proxy.example.com cannot be resolved: check the name\n" in text
    assert "read: https://docs.example.com/x" in text


def test_a_warning_of_the_config_is_told_with_its_words() -> None:
    """With a certificate that has expired no client is served, and the config is in force all the same."""
    warned = seen(item(SERVES, condition("ConfigSynced", "True", "InForceWithWarnings", "the certificate has expired")))
    assert "! ConfigSynced is True, InForceWithWarnings, for 60m\n    the certificate has expired" in drawn(
        status_view(warned)
    )
    assert "InForceWithWarnings" in drawn(list_view([warned.fleet.item], wide=False, namespaces=False, now=NOW))
    assert "refused: nothing in the last 10 minutes, ConfigSynced: InForceWithWarnings" in status_line(warned)


def test_what_replicas_tell_is_shown_together() -> None:
    outage = Outage(
        role="upstream", place="https://up.example.com", failing=True, cause="is silent", remedy="wake it",
        since=NOW - 300, last=NOW, failures=4,
    )  # fmt: skip
    slow = Slowness(
        kind="cpuWithheld", finding="the CPU limit withheld 40 %", remedy="raise it", since=NOW, lasting=True
    )
    resources = ResourcesState(
        seconds=60, cpu_withheld_percent=40, memory_bytes=2**28, memory_limit_bytes=2**30, slow=(slow,)
    )
    first = report().model_copy(update={"refusals": {"age": 3}, "outages": (outage,), "resources": resources})
    second = report().model_copy(update={"refusals": {"age": 2, "modules": 9}})
    text = drawn(status_view(seen(item(SERVES), told={"team-a-0": first, "team-a-1": second})))
    assert "9 by modules, 5 by age in the last 10 minutes" in text
    assert "upstream https://up.example.com is silent (for 5m, seen by 1 of 2 replicas)" in text
    assert "-> wake it" in text
    assert "256Mi/1Gi" in text
    assert "team-a-0: the CPU limit withheld 40 % -> raise it" in text


def test_a_missing_right_is_told_and_the_object_is_shown() -> None:
    stored = {"used": "31Gi", "capacity": "50Gi", "percent": 62}
    text = drawn(
        status_view(seen(item(SERVES, storage=stored), missing="you lack the right create on pods/portforward"))
    )
    assert "31Gi of 50Gi (62%)" in text
    assert text.rstrip().endswith("you lack the right create on pods/portforward")


def test_a_replica_that_cannot_be_asked_is_named() -> None:
    text = drawn(
        status_view(seen(item(SERVES), told={"team-a-0": report()}, silent={"team-a-1": "pod team-a-1 is gone"}))
    )
    assert "team-a-1: pod team-a-1 is gone" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = condition("UpstreamReachable", "False", "HostNotFound", "words and words " * 40)
    text = drawn(status_view(seen(item(SERVES, long), told={"team-a-0": report()})), width)
    assert max(map(len, text.split("\n"))) <= width


GARBAGE: list[Any] = [None, 7, "text", [], [None, 7], {"a": []}, {"type": 7}, [{"type": "Ready", "status": []}], True]


@pytest.mark.parametrize("value", GARBAGE)
@pytest.mark.parametrize(
    "field", ["conditions", "ready", "storage", "peers", "refusals", "replicaStatus", "help", "parent", "inForce"]
)
def test_no_status_breaks_what_is_shown(field: str, value: Any) -> None:
    document = item() | {"status": {field: value}}
    assert drawn(status_view(seen(document)))
    assert status_line(seen(document))
    assert json.dumps(status_document(seen(document)))
    assert drawn(list_view([document, {"status": value}, {"metadata": value}], wide=True, namespaces=True, now=NOW))


def test_what_others_wrote_cannot_steer_the_terminal() -> None:
    text = drawn(status_view(seen(item(condition("Ready", "False", "X\x1b[31m", "a\x1b]0;b\x07[bold]c[/bold]\nd")))))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]c[/bold]" in text


def test_the_list_has_the_reasons_of_all_troubles() -> None:
    document = item(
        SERVES, condition("Stalled", "True", "InvalidSpec"), condition("PeersReady", "False", "PeersUnreachable")
    )
    text = drawn(list_view([document], wide=False, namespaces=True, now=NOW))
    assert text.split("\n")[0].split()[:3] == ["NAMESPACE", "NAME", "READY"]
    assert "InvalidSpec, PeersUnreachable" in text


def event(kind: str, name: str, at: str, reason: str = "Pulled", sort: str = "Normal") -> dict[str, Any]:
    return {"regarding": {"kind": kind, "name": name}, "eventTime": at, "reason": reason, "type": sort, "note": "words"}


def test_events_are_those_of_the_fleet_alone_the_newest_last() -> None:
    events = [
        event("Pod", "team-a-0", "2027-01-15T07:03:00.000000Z"),
        event("GoProxy", "team-a", "2027-01-15T07:01:00.000000Z", "Ready"),
        event("PersistentVolumeClaim", "cache-team-a-1", "2027-01-15T07:02:00.000000Z"),
        event("StatefulSet", "team-a", "2027-01-15T07:00:00.000000Z", sort="Warning"),
        event("Pod", "team-a-b-0", "2027-01-15T07:03:00.000000Z"),
        event("Pod", "team-a", "2027-01-15T07:03:00.000000Z"),
        event("Deployment", "team-a", "2027-01-15T07:03:00.000000Z"),
        {"regarding": None},
    ]
    names = [one["regarding"]["name"] for one in of_fleet(events, "team-a", ())]
    assert names == ["team-a", "team-a", "cache-team-a-1", "team-a-0"]
    assert len(of_fleet(events, "team-a", ("Warning",))) == 1
    assert "pod/team-a-0" in drawn(event_view(of_fleet(events, "team-a", ()), NOW))


def use(module: str, requests: int, size: int, last: float) -> ModuleUse:
    return ModuleUse(module=module, requests=requests, bytes=size, last_used=last)


@pytest.mark.parametrize(
    ("by", "order"),
    [("requests", ["b", "a", "c"]), ("bytes", ["c", "b", "a"]), ("age", ["c", "b", "a"])],
)
def test_modules_are_summed_over_replicas(by: str, order: list[str]) -> None:
    tops = [
        Top(since=0, modules=(use("a", 5, 1, 30), use("b", 4, 1, 10))),
        Top(since=0, modules=(use("b", 4, 1, 20), use("c", 1, 9, 5))),
    ]
    found = summed(tops, by=by, limit=9)
    assert [one.module for one in found] == order
    (both,) = (one for one in found if one.module == "b")
    assert (both.requests, both.bytes, both.last_used, both.replicas) == (8, 2, 20, 2)
    assert len(summed(tops, by=by, limit=1)) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (9000, "2h30m"),
     (86400 * 3, "3d"), (86400 * 3 + 7200, "3d2h"), (86400 * 30, "30d")],
)  # fmt: skip
def test_spans_are_written_as_kubectl_writes_ages(seconds: float, text: str) -> None:
    assert span(seconds) == text
