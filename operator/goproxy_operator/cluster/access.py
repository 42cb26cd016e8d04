"""How the API server is reached: a kubeconfig, or the service account of the pod."""

from pathlib import Path

import aiohttp
import kopf
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from goproxy_operator.cluster.pace import Pace, paced

_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class AccessError(Exception):
    """No way to the API server is known; the message says what to do."""


async def load_configuration(kubeconfig: Path | None) -> Configuration:
    """Return the configuration of the kubeconfig file, or of the pod where none is named."""
    if kubeconfig is not None and not kubeconfig.is_file():  # noqa: ASYNC240 - before the loop has work
        raise AccessError(f"{kubeconfig} is no file: name a kubeconfig with --kubeconfig FILE")
    configuration = Configuration()
    try:
        if kubeconfig is None:
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            await load_kube_config(  # type: ignore[no-untyped-call]
                config_file=str(kubeconfig), client_configuration=configuration
            )
    except (ConfigException, OSError, ValueError) as e:
        if kubeconfig is not None:
            raise AccessError(f"{kubeconfig} is no usable kubeconfig: {e}") from e
        raise AccessError(f"not in a pod ({e}): name a kubeconfig with --kubeconfig FILE") from e
    return configuration


async def kopf_session(configuration: Configuration, pace: Pace) -> kopf.AiohttpSession:
    """Return the same access as kopf takes it, in whose loop this is called; anew when a token is refused."""
    header = await configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
    scheme, _, token = (header or "").rpartition(" ")
    access = kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        scheme=scheme or None,
        token=token or None,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
    )
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=access.as_ssl_context()),
        headers=access.as_http_headers(),
        trust_env=True,
        trace_configs=[paced(pace)],
    )
    return kopf.AiohttpSession(server=configuration.host, aiohttp_session=session)


def own_namespace() -> str | None:
    """Return the namespace of the pod that this runs in; None outside of a cluster."""
    return _NAMESPACE_FILE.read_text().strip() if _NAMESPACE_FILE.is_file() else None
