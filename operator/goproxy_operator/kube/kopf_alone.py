"""kopf, without the official client of Kubernetes.

kopf imports that client where it is installed, only to know its types. The client costs 50 MiB, which no pod needs. So
every module takes kopf from here, and here the client seems not to be installed while kopf is imported.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["kopf"]
_CLIENT = "kubernetes"


@contextmanager
def _without_client() -> Iterator[None]:
    if _CLIENT in sys.modules:
        yield
        return
    sys.modules[_CLIENT] = None  # type: ignore[assignment]  # to Python's import this says "not installed"
    try:
        yield
    finally:
        del sys.modules[_CLIENT]


with _without_client():
    import kopf
