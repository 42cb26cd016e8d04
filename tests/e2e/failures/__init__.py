"""Failures as users of a cluster meet them: how each is made for real, and what the object says of it.

`table` has all of them. docs/troubleshooting.md is written from it, and `test_11_failures_are_told` makes each one and
reads `kubectl describe gop`.
"""
