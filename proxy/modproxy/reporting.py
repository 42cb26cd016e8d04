"""The report of a replica on `/-/report`."""

import time
from collections.abc import Callable, Mapping
from importlib.metadata import version

from modproxy.audit.auditor import Auditor
from modproxy.background import BackgroundTasks
from modproxy.contract.report import (
    ConfigState,
    ObjectStoreState,
    PeersState,
    Report,
    SecretProblem,
    StorageState,
    SyncState,
)
from modproxy.contract.report_resources import ResourcesState
from modproxy.facts.facts import Facts
from modproxy.faults import Faults
from modproxy.in_force import InForce
from modproxy.server.certificates import Certificates
from modproxy.server.traffic import Traffic
from modproxy.store.disk import DiskStore

CONFIG = "following of the config"
CERTIFICATES = "following of the certificate"


class Reporter:
    """Makes the report from the state of the replica's parts, each time that the report is requested."""

    def __init__(
        self,
        in_force: InForce,
        store: DiskStore,
        traffic: Traffic,
        certificates: Certificates | None,
        background: BackgroundTasks,
        *,
        auditor: Auditor,
        faults: Faults,
        facts: Facts,
    ) -> None:
        self._facts = facts
        self._faults = faults
        self._auditor = auditor
        self._background = background
        self._in_force = in_force
        self._store = store
        self._traffic = traffic
        self._certificates = certificates
        self._born = time.monotonic()
        self._version = version("goproxy-operator")
        self.refusals: Callable[[], Mapping[str, int]] = dict
        """Returns the refusals of the last ten minutes, by the kind of the rule."""
        self.peers: Callable[[], PeersState | None] = lambda: None
        """Returns how the replica fares with its peers."""
        self.object_store: Callable[[], ObjectStoreState | None] = lambda: None
        """Returns how the object store fares."""
        self.resources: Callable[[], ResourcesState | None] = lambda: None
        """Returns what the machine gives the replica."""
        self.traces: Callable[[], tuple[str, ...]] = tuple
        """Returns why traces are lost."""
        self.sync: Callable[[], SyncState | None] = lambda: None
        """Returns how the modules fare that are kept complete."""
        self.webhook_secret: Callable[[], SecretProblem | None] = lambda: None
        """Returns what is wrong with the Secret of webhooks."""
        self.ready = False
        """False before the replica has started and after its end has begun."""

    def report(self) -> Report:
        """Return the state of the replica at this moment. Raises `OSError` when the file system cannot be read."""
        rules, store, certificates = self._in_force.rules, self._store, self._certificates
        identities = self._in_force.identities
        return Report(
            version=self._version,
            ready=self.ready and (certificates is None or certificates.loaded),
            uptime_seconds=round(time.monotonic() - self._born, 3),
            config=ConfigState(
                hash=rules.loaded.hash,
                generation=rules.generation,
                error=self._error(),
                warnings=self._background.problems
                + self._faults.warnings
                + self._expiry()
                + self._facts.warnings
                + self.traces()
                + rules.warnings,
            ),
            storage=StorageState(
                used_bytes=max(store.used_bytes, 0),  # files of a former process may go before they are counted
                capacity_bytes=store.capacity(),
                objects=store.objects,
                scanned=store.counted,
                disk_pressure=store.pressure.reason,
            ),
            window=self._traffic.window(),
            requests=self._traffic.by_status(),
            outages=self._in_force.sources.outages.report(),
            secret_problems=self._secret_problems(),
            refusals=dict(self.refusals()),
            access_problems=identities.problems() if identities is not None else None,
            audit=self._auditor.report(),
            sync=self.sync(),
            peers=self.peers(),
            object_store=self.object_store(),
            resources=self.resources(),
        )

    def _secret_problems(self) -> tuple[SecretProblem, ...]:
        certificates = self._certificates
        own = certificates.secret_problem if certificates else None
        webhooks = self.webhook_secret()
        return ((own,) if own else ()) + ((webhooks,) if webhooks else ()) + self._in_force.sources.secrets.problems

    def _error(self) -> str | None:
        certificate = self._certificates.problem if self._certificates else None
        failed = self._background.problem(CONFIG) or self._background.problem(CERTIFICATES)
        return self._in_force.error or failed or certificate

    def _expiry(self) -> tuple[str, ...]:
        warning = self._certificates.expiry_warning(time.time()) if self._certificates else None
        return (warning,) if warning else ()

    def certificate_expires(self) -> float | None:
        """Return when the certificate expires that clients are shown, in seconds since the epoch; None without one."""
        expires = self._certificates.expires if self._certificates else None
        return expires.timestamp() if expires else None
