"""The control plane: makes what `GoProxy` objects ask for, in a cluster or on one machine.

It knows Kubernetes and the `GoProxy` object, and nothing of HTTP caching. Of `modproxy` it may import only
`modproxy.contract`, which both programs share, and `modproxy.mod`, the pure rules of Go modules.
"""
