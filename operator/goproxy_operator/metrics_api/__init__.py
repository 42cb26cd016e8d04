"""external.metrics.k8s.io, served by every replica of the operator, whether it leads or not.

What decides is pure and has a file of its own: rate, documents, front_proxy, material, registration_rules. Thin:
`server` (HTTP over TLS), `source` (asks replicas), `trust` (Secret and ConfigMap), `registration` (the APIService).
No data is an error here, never 0: an autoscaler does nothing on an error, and scales in on a 0.
"""
