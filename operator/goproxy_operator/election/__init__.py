"""Which of the operator's processes may write: the Lease, and the fence that lets no write pass without it.

Thin. This package imports `kube` and nothing else of what talks to a cluster; only `__main__`, `control` and those who
catch its errors import this package.
"""
