"""`goproxy-operator bundle`: bundles are made, checked and imported; modules of other proxies are moved in.

The form of bundles is in `modproxy.mod.bundle`. Nothing here knows Kubernetes.
"""
