"""The traces of a replica: begins and ends them, and hands those that are told to a thread."""

import asyncio
import logging
import os
import random
import time
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from modproxy.contract.config import Config, TracingConfig
from modproxy.contract.secret_keys import CA_CERTIFICATE
from modproxy.threads import Pool
from modproxy.tracing.sampling import SLOW_SECONDS, Sampler
from modproxy.tracing.told import ToldRequest
from modproxy.tracing.trace import CURRENT, AttributeValue, Trace
from modproxy.tracing.traceparent import TraceParent

if TYPE_CHECKING:
    from modproxy.tracing.sending import Sender

_MOST_WAITING = 1000
"""Requests that wait to be sent: at the most spans a second, some seconds of them. The newest are dropped beyond it."""
_BATCH = 200
"""Requests that are sent at once."""
_PAUSE = 1.0
"""Seconds between two batches."""
_LONGEST_PAUSE = 30.0
"""Seconds after which a collector that takes nothing is tried again, at most."""
_TOLD_AGAIN = 600.0
"""Seconds after which the log is told again of a collector that takes nothing."""
_END_SECONDS = 2.0
"""How long the end of the replica waits for the last batch."""
_SERVER_ERROR = 500
_REFUSALS = frozenset([401, 403, 421, 429])

log = logging.getLogger(__name__)


class Tracing:
    """Traces requests while `on`. `take` tells it of a config."""

    def __init__(self) -> None:
        self.on = False
        """Whether requests are traced. Whoever calls `begin` looks at it first."""
        self.counts: Counter[str] = Counter()
        """Spans by what became of them: sent, failed, dropped."""
        self.failure: str | None = None
        """Why the collector takes nothing; None while it does."""
        self._config: TracingConfig | None = None
        self._ca_file: Path | None = None
        self._sampler = Sampler(0.0, time.monotonic, random.random)
        self._waiting: deque[ToldRequest] = deque()
        self._sender: Sender | None = None
        self._pool = Pool("traces", 1)
        self._told_at = float("-inf")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the keepers of the fleet have to know."""
        if self.failure is None or self._config is None:
            return ()
        return (f"monitoring.tracing: the collector at {self._config.endpoint} {self.failure}: traces are lost",)

    async def take(self, config: Config) -> None:
        """Trace as the config says from now on."""
        secret = config.upstream.trusted_ca_secret_name
        ca_file = Path(config.secrets_dir) / secret / CA_CERTIFICATE if secret else None
        if (config.tracing, ca_file) == (self._config, self._ca_file):
            return
        old, self._sender, self.on = self._sender, None, False
        self._config, self._ca_file = config.tracing, ca_file
        self.failure = None
        if old is not None:
            old.close()
        if config.tracing is None:
            self._waiting.clear()
            return
        self._sampler = Sampler(config.tracing.sampling_percent, time.monotonic, random.random)
        namespace, _, fleet = (config.fleet or "").rpartition("/")
        replica = config.peers.name if config.peers is not None else None
        resource = {
            "service.name": "modproxy",
            "service.namespace": namespace,
            "service.instance.id": replica or os.uname().nodename,
            "goproxy.fleet": fleet,
        }
        try:
            self._sender = await self._pool.begin(_make_sender, config.tracing.endpoint, resource, ca_file)
        except Exception as e:  # a config is taken whole, and requests are served without traces
            log.exception("traces cannot be sent")
            self.failure = f"cannot be told anything ({type(e).__name__})"
            return
        self.on = True

    def begin(self, asked_by: TraceParent | None, *, by_share: bool = True) -> Trace:
        """Begin the trace of a request, and note it in `CURRENT`.

        Without `by_share` only whoever asks chooses it: another replica has chosen by share already.
        """
        chosen = (asked_by is not None and asked_by.sampled) or (by_share and self._sampler.chosen())
        trace = Trace(asked_by, chosen=chosen)
        CURRENT.set(trace)
        return trace

    def begin_hit(self, asked_by: TraceParent | None) -> Trace | None:
        """Return the trace of a hit that is answered past the handler; None where it is not chosen."""
        if (asked_by is not None and asked_by.sampled) or self._sampler.chosen():
            return Trace(asked_by, chosen=True)
        return None

    def end(
        self, trace: Trace, name: str, code: int, attributes: Mapping[str, AttributeValue], *, waited: float = 0.0
    ) -> None:
        """End the trace of a request. `waited` is how many seconds its first byte took."""
        trace.over = True
        notable, refused = code >= _SERVER_ERROR or waited > SLOW_SECONDS, code in _REFUSALS
        if not (notable or refused or trace.own.sampled):
            return
        told = ToldRequest(trace, name, code, time.time_ns(), attributes)
        if (
            not self._sampler.told(told.spans, chosen=trace.own.sampled, notable=notable, refused=refused)
            or len(self._waiting) >= _MOST_WAITING
        ):
            self.counts["dropped"] += told.spans
        else:
            self._waiting.append(told)

    async def run(self) -> None:
        """Send what is told, until it is cancelled."""
        pause = _PAUSE
        while True:
            await asyncio.sleep(pause)
            if not self._waiting:
                continue
            good = await self._send()
            pause = _PAUSE if good else min(2 * pause, _LONGEST_PAUSE)

    async def _send(self) -> bool:
        sender = self._sender
        batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        if sender is None or not batch:
            return True
        spans = sum(told.spans for told in batch)
        try:
            failure = await self._pool.begin(sender.send, batch)
        except Exception as e:
            failure = f"takes nothing ({type(e).__name__})"
        good = failure is None
        self.counts["sent" if good else "failed"] += spans
        self.failure = failure
        if not good and time.monotonic() - self._told_at > _TOLD_AGAIN:
            self._told_at = time.monotonic()
            log.warning("%s", "".join(self.warnings))
        return good

    async def close(self) -> None:
        """Send what waits, if that takes a moment only, and end."""
        self.on = False
        if self._sender is not None:
            if self._waiting and self.failure is None:
                try:
                    await asyncio.wait_for(self._send(), _END_SECONDS)
                except TimeoutError:
                    log.warning("the last traces are not sent: the collector is slow")
            self._sender.close()
        self._pool.leave()


def _make_sender(endpoint: str, resource: dict[str, str], ca_file: Path | None) -> "Sender":
    from modproxy.tracing.sending import Sender  # noqa: PLC0415 - see the docstring of the package

    return Sender(endpoint, {name: value for name, value in resource.items() if value}, ca_file)
