"""The contract of the two programs: what a replica is told (`config`) and what it tells (`report`).

Both programs import this package, and `modproxy.mod`; the operator imports nothing else of modproxy. Everything here is
pure: documents in, values out. Versions may differ between the two ends, so each document states its own.
"""
