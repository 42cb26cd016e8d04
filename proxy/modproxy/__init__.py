"""The data plane: one caching Go module proxy. It knows Go modules, HTTP and disks, and nothing of Kubernetes.

It is told what to do by one config file (`modproxy.contract.config`), and tells how it does on its admin listener
(`modproxy.contract.report`, metrics). What decides (`mod`, `policy`) is pure; what touches the world is thin.
"""
