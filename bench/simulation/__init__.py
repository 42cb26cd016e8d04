"""A discrete simulation of fleets of 3 to 300 replicas, with the product's own rendezvous hashing and freshness.

`make bench` measures processes on one machine, which has room for a few replicas. This package computes what a large
fleet asks of upstream, of its own network and of its disks: `python -m bench.simulation` writes `docs/scaling.svg` and
prints the table of `docs/scaling.md`.
"""
