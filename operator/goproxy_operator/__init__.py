"""The control plane: makes what `GoProxy` objects ask for, in a cluster or on one machine.

It knows Kubernetes and the `GoProxy` object, and nothing of HTTP caching: of `modproxy` it uses the seam
(`modproxy.contract.config`, `modproxy.contract.report`) and the pure rules (`modproxy.mod`) only.
"""
