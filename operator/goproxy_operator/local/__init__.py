"""The same `GoProxy` as processes of this machine: `goproxy-operator local -f FILE`.

The replicas' configs come from `goproxy_operator.desired`, by the same code as in a cluster. Nothing here knows
Kubernetes' API or imports `kube`, `election`, `observed`, `reconcile` or kopf. `command` is the entry, `runner` wires
the parts. What decides is pure: `fleet_file`, `yaml_text`, `secret_documents`, `backoff`, `state`, `changes`, `table`.
All other files touch the world and hold no rule: processes, sockets, files, the terminal.
"""
