"""The account that the pods of a fleet run as. It has no rights, and its token is not mounted."""

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, annotated, child


def service_account(goproxy: GoProxy) -> Manifest:
    """Return the ServiceAccount, for an object that names no account of its own."""
    name = names.service_account(goproxy.metadata.name)
    made = child(goproxy, "v1", "ServiceAccount", name, {"automountServiceAccountToken": False})
    return annotated(made, goproxy.spec.pod.service_account_annotations)
