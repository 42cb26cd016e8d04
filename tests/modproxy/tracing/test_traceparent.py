"""The header `traceparent`: what is lawful, and what is read of it."""

import pytest

from modproxy.tracing.traceparent import TraceParent, new_span_id, new_trace_id, read_traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("text", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"00-{TRACE}-{SPAN}-02", False),
        (f"01-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-adds", True),
    ],
)
def test_lawful(text: str, sampled: bool) -> None:
    assert read_traceparent(text) == TraceParent(TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00_{TRACE}_{SPAN}_01",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"01-{TRACE}-{SPAN}-01-{'a' * 600}",
        f"\u0660\u0660-{TRACE}-{SPAN}-01",
    ],
)
def test_unlawful(text: str) -> None:
    assert read_traceparent(text) is None


def test_what_is_written_can_be_read() -> None:
    made = TraceParent(new_trace_id(), new_span_id(), sampled=True)
    assert read_traceparent(str(made)) == made
    assert new_trace_id() != new_trace_id()
