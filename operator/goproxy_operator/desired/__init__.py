"""From a `GoProxy` to its child objects, a file each, and to the config of its replicas.

Pure: values in, values out. What was observed comes in as an argument, never by an import; of the operator's own code
only `api` and `quantity` may be imported. Builders return new dicts in canonical form (canonical quantities, no zero
values), so that what was applied is a subset of what the API server then holds. `children` puts all children into their
order, `config/` makes the replicas' config, `monitoring/` what Prometheus and Grafana read, `names` says how all are
called.
"""
