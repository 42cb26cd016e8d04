"""The children by which people watch a fleet: what Prometheus scrapes, the alerts, the dashboard; a file each.

`switches` decides which of them are made. `queries` has the PromQL that alerts and dashboard share. Pure.
"""
