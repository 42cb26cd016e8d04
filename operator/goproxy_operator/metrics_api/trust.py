"""Whom the metrics API trusts and who trusts it, by a Secret of ours and a ConfigMap of the cluster.

Every replica of the operator does this, whether it leads or not. The first that finds something due writes the Secret,
and the others take what is in the Secret.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NoReturn

from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, ConflictError, UnreachableError
from goproxy_operator.kube.resources import CONFIG_MAPS, SECRETS, Key
from goproxy_operator.kube.tls import as_file
from goproxy_operator.metrics_api.rules.front_proxy import CONFIG_MAP, FrontProxy, FrontProxyError, read_front_proxy
from goproxy_operator.metrics_api.rules.material import Material, MaterialError, read_material, renewed

_log = logging.getLogger(__name__)
_PAUSE = 15.0
"""Seconds between two looks."""
_RETRY = 2.0  # seconds


class Trust:
    """Keeps the certificates of the metrics API valid, in `context`. Nothing is served before the first look.

    `service` is the namespace and the name of both the Service and the Secret.
    """

    def __init__(
        self, client: ApiClient, service: Key, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._client = client
        self._secret = service
        self._hosts = (
            f"{service.name}.{service.namespace}.svc",
            f"{service.name}.{service.namespace}.svc.cluster.local",
        )
        self._now = now
        self._material: Material | None = None
        self._front_proxy: FrontProxy | None = None
        self._inner: ssl.SSLContext | None = None
        self.context = _context()
        """For a listener: each new connection is served with the certificates that are in force then."""
        self.context.sni_callback = self._choose

    @property
    def authorities(self) -> bytes | None:
        """The authorities that sign our certificate, in PEM; None before the first look."""
        return None if self._material is None else self._material.authorities

    @property
    def names(self) -> frozenset[str]:
        """The common names that the front proxy may have. If the set is empty, it may have any."""
        return frozenset() if self._front_proxy is None else self._front_proxy.names

    async def run(self) -> NoReturn:
        """Look until cancelled."""
        while True:
            try:
                await self.refresh()
                pause = _PAUSE
            except ConflictError:
                # Another replica was faster.
                pause = 0.0
            except (ApiError, UnreachableError, FrontProxyError, MaterialError) as e:
                _log.warning("no external metrics are served: %s", e) if self._inner is None else _log.warning(
                    "external metrics are served as before: %s", e
                )
                pause = _RETRY
            await asyncio.sleep(pause)

    async def refresh(self) -> None:
        """Look once, renew what is due, and serve with it."""
        front_proxy = read_front_proxy(await self._client.get(CONFIG_MAPS, *CONFIG_MAP))
        material = await self._renew()
        if (front_proxy, material) != (self._front_proxy, self._material):
            self._inner = _context(material, front_proxy.authorities)
            self._front_proxy, self._material = front_proxy, material

    async def _renew(self) -> Material:
        secret = await self._client.get(SECRETS, *self._secret)
        where = f"Secret {'/'.join(self._secret)}"
        if secret is None:
            raise MaterialError(f"{where} does not exist: install the operator anew with externalMetrics.enabled=true")
        try:
            held = read_material(secret.get("data", {}))
        except MaterialError as e:
            _log.warning("%s %s: it is written anew", where, e)
            held = None
        material = renewed(held, self._hosts, self._now())
        if material != held:
            await self._client.replace(SECRETS, {**secret, "data": material.data()})
            _log.info("%s: new certificates", where)
        return material

    def _choose(self, connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> int | None:
        if self._inner is None:
            return ssl.AlertDescription.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = self._inner
        return None


def _context(material: Material | None = None, authorities: str = "") -> ssl.SSLContext:
    """Make a context that accepts a missing client certificate, which HTTP then refuses. TLS refuses a wrong one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # A resumed connection would show a client certificate that was verified long ago.
    context.num_tickets = 0
    context.verify_mode = ssl.CERT_OPTIONAL
    if material is not None:
        with as_file(material.certificate + material.key) as path:
            context.load_cert_chain(path)
        context.load_verify_locations(cadata=authorities)
    return context
