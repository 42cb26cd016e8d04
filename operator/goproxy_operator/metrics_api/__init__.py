"""external.metrics.k8s.io, served by every replica of the operator, whether it leads or not.

What decides is in `rules`, and pure. The files beside that folder are thin: `server` (HTTP over TLS), `source` (fetches
reports of replicas), `trust` (Secret and ConfigMap), `registration` (the APIService); `run` wires them. No data is an
error, never 0: an autoscaler does nothing on an error, and scales in on a 0.
"""
