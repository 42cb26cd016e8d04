"""The contract of the two programs: what a replica is told (`config`) and what it tells (`report`).

Both programs import this package and `modproxy.mod`; the operator imports nothing else of modproxy. Everything here
takes values and returns values, but for `mounted`, by which both programs read mounted files. Versions may differ
between the two ends, so each document states its own.
"""
