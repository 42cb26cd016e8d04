"""The data plane: one caching Go module proxy. It knows Go modules, HTTP and disks, and nothing of Kubernetes.

One config file (`modproxy.contract.config`) tells the proxy what to do. The proxy tells how it does on its admin
listener (`modproxy.contract.report`, metrics). Modules that decide (`mod`, `contract`, `policy`, `server.decide`) are
pure; modules that touch the world are thin and hold no rule.
"""
