"""The same `GoProxy` as processes of this machine: `goproxy-operator local -f FILE`.

The replicas' configs come from `goproxy_operator.desired`, by the same code as in a cluster; nothing here knows
Kubernetes' API. What decides (`documents`, `yaml_text`, `secret_documents`, `backoff`, `state`, `changes`, `table`) is
pure; what touches the world (`listener`, `lock`, `secret_files`, `file_watch`, `process`, `scrape`, the consoles) is
thin; `runner` wires it.
"""
