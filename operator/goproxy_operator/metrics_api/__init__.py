"""external.metrics.k8s.io, served by every replica of the operator, whether it leads or not.

What decides is in `rules`, which is pure. Thin: `server` (HTTP over TLS), `source` (asks replicas), `trust` (Secret and
ConfigMap), `registration` (the APIService). Missing data is an error here and never 0, because an autoscaler does
nothing on an error, and scales in on a 0.
"""
