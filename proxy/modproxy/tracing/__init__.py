"""Traces of requests: what is noted while a request runs, which requests are told, and how they reach a collector.

While a request runs, cheap facts are noted by hand (`trace`). Whether it is told is decided at its end (`sampling`),
because only then it is known whether it failed or was slow. The library of OpenTelemetry is imported only where tracing
is configured, and makes spans only of what is told, in a thread (`spans`, `sending`). `traceparent` and `sampling` are
pure.
"""
