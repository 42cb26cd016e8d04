"""How the API server is reached, kept up to date while the operator runs.

Credentials are read in a thread, because a credential plugin may take a minute and the Lease has to be renewed
meanwhile. Two event loops use the same access, ours and kopf's.
"""

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from goproxy_operator.kube.credentials import AccessError, ApiCredentials, Login
from goproxy_operator.kube.service_account import FOLDER, ServiceAccount
from goproxy_operator.kube.tls import TlsMaterial, client_context

_log = logging.getLogger(__name__)
_LONGEST = 90.0
"""Seconds: a credential plugin may take less. Other programs and servers that the loader asks have no limit."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What a call to the API server is made with."""

    server: str
    tls: ssl.SSLContext
    headers: Mapping[str, str] = field(default_factory=dict)
    proxy: str | None = None
    expires: datetime | None = None
    impersonation: tuple[tuple[str, str], ...] = ()

    @property
    def all_headers(self) -> list[tuple[str, str]]:
        """Return the headers of every call. One of them may be there several times."""
        return [*self.headers.items(), *self.impersonation]

    @property
    def expired(self) -> bool:
        """Say whether the API server takes these credentials no more."""
        return self.expires is not None and self.expires <= datetime.now(UTC)


class Access:
    """Gives every caller the newest connection, and reads the credentials no more often than they need it."""

    FRESH = 60.0
    """Seconds after which credentials are read anew: the token of a pod is replaced long before it expires."""
    SOON = 5.0
    """Seconds between two readings while what is known is of no use."""

    def __init__(self, login: Login, *, fresh: float = FRESH, soon: float = SOON) -> None:
        self._login = login
        self._fresh = fresh
        self._soon = soon
        self._lock = threading.Lock()
        self._material: TlsMaterial | None = None
        self._tls: ssl.SSLContext | None = None
        self._known: Connection | None = None
        self._begun = 0.0
        self._refused = False
        self._reading: Future[AccessError | None] | None = None

    async def connection(self) -> Connection:
        """Return what is known, after a new reading where that is of no use. Raises `AccessError` at first only."""
        reading = self._start_if_due()
        known = self._known
        if reading is not None and (known is None or known.expired or self._refused):
            await asyncio.wait({asyncio.wrap_future(reading)}, timeout=_LONGEST)
            if self._known is None:
                if not reading.done():
                    raise AccessError(f"the credentials were not read within {_LONGEST:.0f} s")
                raise reading.result() or AccessError("the credentials are not read yet")
        if self._known is None:
            raise AccessError("the credentials are not read yet")
        return self._known

    def refuse(self, connection: Connection) -> None:
        """Take note that the API server did not take the credentials of this connection; they are read anew."""
        with self._lock:
            if connection is self._known:
                self._refused = True

    def _start_if_due(self) -> Future[AccessError | None] | None:
        """Return the reading that is under way, or begin one if that is due; None where nothing is read."""
        with self._lock:
            if self._reading is not None and not self._reading.done():
                return self._reading
            useless = self._known is not None and (self._known.expired or self._refused)
            if self._known is not None and time.monotonic() - self._begun < (self._soon if useless else self._fresh):
                return None
            self._begun = time.monotonic()
            reading: Future[AccessError | None] = Future()
            self._reading = reading
            # The thread is a daemon, so that a reading that hangs does not keep the process from ending.
            threading.Thread(target=self._read, args=(reading, self._refused), name="access", daemon=True).start()
            return reading

    def _read(self, reading: "Future[AccessError | None]", refused: bool) -> None:
        """Read, and tell through `reading` why there is nothing new: asyncio would log an exception with its trace."""
        error = None
        try:
            found = self._login.read(refused=refused)
            with self._lock:
                self._known = self._connection(found)
                self._refused = False
        except AccessError as e:
            error = e
            if self._known is not None:
                _log.warning("%s; going on with the credentials of before", e)
        finally:
            reading.set_result(error)

    def _connection(self, found: ApiCredentials) -> Connection:
        if found.tls != self._material or self._tls is None:
            try:
                self._tls = client_context(found.tls)
            except (ssl.SSLError, ValueError, OSError) as e:
                raise AccessError(f"the certificates for {found.server} cannot be used: {e}") from e
            self._material = found.tls
        headers = {} if found.authorization is None else {"Authorization": found.authorization}
        return Connection(found.server.rstrip("/"), self._tls, headers, found.proxy, found.expires, found.impersonation)


async def load_access(kubeconfig: Path | None, context: str | None = None, folder: Path = FOLDER) -> Access:
    """Return the access that the kubeconfig gives, or the pod's where no kubeconfig is named. Raises `AccessError`.

    `context` is the name of one of the kubeconfig's contexts; None: the current one. `folder` is the service account's.
    """
    access = Access(_login(kubeconfig, context, folder))
    await access.connection()
    return access


def _login(kubeconfig: Path | None, context: str | None, folder: Path) -> Login:
    if kubeconfig is None:
        if context is not None:
            raise AccessError("--context chooses from a kubeconfig: name one with --kubeconfig FILE")
        return ServiceAccount(folder)
    if not kubeconfig.is_file():
        raise AccessError(f"{kubeconfig} is no file: name a kubeconfig with --kubeconfig FILE")
    from goproxy_operator.kube.kubeconfig import Kubeconfig  # noqa: PLC0415 - no pod needs it

    return Kubeconfig(kubeconfig, context)
