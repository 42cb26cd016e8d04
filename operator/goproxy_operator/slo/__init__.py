"""`goproxy-operator slo check`: whether a release made an objective of a fleet worse. For pipelines.

What decides is `judging`, which is pure. `measuring` asks Prometheus.
"""
