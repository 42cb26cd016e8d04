"""What is noted of the servers that are asked for a request."""

import pytest

from modproxy.source.protocol import NoAnswer
from modproxy.tracing.trace import CURRENT, Trace, hop
from modproxy.tracing.traceparent import TraceParent, read_traceparent


@pytest.fixture
def trace() -> Trace:
    made = Trace(TraceParent("a" * 32, "b" * 16, sampled=False), chosen=True)
    CURRENT.set(made)
    return made


def test_nothing_is_noted_where_nobody_traces() -> None:
    CURRENT.set(None)
    with hop("upstream", "https://goproxy.example.com") as noted:
        assert noted is None


def test_what_goes_on_after_the_end_of_a_request_belongs_to_no_trace(trace: Trace) -> None:
    trace.over = True
    with hop("peer", "10.0.0.1:8082") as noted:
        assert noted is None
    assert not trace.hops


@pytest.mark.parametrize(
    ("url", "attributes"),
    [
        ("https://user:secret@goproxy.example.com:8443/x?token=y", ("goproxy.example.com", 8443)),
        ("http://[2001:db8::1]:80", ("2001:db8::1", 80)),
        ("10.0.0.1:8082", ("10.0.0.1", 8082)),
        ("git.example.com", ("git.example.com", None)),
        ("", ("", None)),
        ("http://host:port/", (None, None)),
    ],
)
def test_a_hop_tells_host_and_port_and_no_more(
    trace: Trace, url: str, attributes: tuple[str | None, int | None]
) -> None:
    with hop("upstream", url) as noted:
        assert noted is not None
        noted.status(200)
    assert (noted.attributes.get("server.address"), noted.attributes.get("server.port")) == attributes
    assert "secret" not in str(noted.attributes)
    assert (noted.failure, noted.ended >= noted.began) == ("", True)
    # What the server is told leads below this hop, and says that the request was chosen.
    assert read_traceparent(noted.traceparent) == TraceParent("a" * 32, noted.span_id, sampled=True)
    assert trace.hops == [noted]


def test_why_there_was_no_answer(trace: Trace) -> None:
    with pytest.raises(NoAnswer), hop("upstream", "https://goproxy.example.com"):
        raise NoAnswer("example.com/m: it cannot be resolved")
    with pytest.raises(FileNotFoundError), hop("objectStore", ""):
        raise FileNotFoundError
    failed, absent = trace.hops
    assert failed.failure == "NoAnswer"
    assert failed.attributes["goproxy.cause"] == "example.com/m: it cannot be resolved"
    assert absent.failure == ""


def test_a_request_that_asks_very_many_servers_is_bounded(trace: Trace) -> None:
    for _ in range(1000):
        with hop("peer", "10.0.0.1:8082"):
            pass
    assert len(trace.hops) == 32
