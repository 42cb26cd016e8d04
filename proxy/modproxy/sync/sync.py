"""The parts of sync, wired together."""

from collections.abc import Callable

from modproxy.background import BackgroundTasks
from modproxy.bucket.bucket import Bucket
from modproxy.bucket.depot import Depot
from modproxy.cache.changes import Changes
from modproxy.cache.lookup import Cache
from modproxy.fleet.peers import Peers
from modproxy.in_force import Rules
from modproxy.server.obtaining import Obtainer
from modproxy.store.disk import DiskStore
from modproxy.sync.elsewhere import Elsewhere
from modproxy.sync.files import SyncFiles
from modproxy.sync.hints import HINT_WORKERS, Hints
from modproxy.sync.schedule import Scheduled
from modproxy.sync.webhook import Webhooks


class Sync:
    """Has the parts. They do nothing while the config asks for nothing."""

    def __init__(
        self,
        obtainer: Obtainer,
        cache: Cache,
        store: DiskStore,
        changes: Changes,
        *,
        rules: Callable[[], Rules],
        peers: Peers | None,
        depot: Depot,
        object_store: Bucket,
    ) -> None:
        self._rules = rules
        self.files = SyncFiles(obtainer, cache, rules)
        self.hints = Hints(self.files, store, changes, Elsewhere(peers, depot, object_store))
        owns = peers.owns if peers is not None else lambda _: True
        self.scheduled = Scheduled(self.files, self.hints, store, changes, owns)
        self.webhooks = Webhooks(self.hints.take)

    def start(self, background: BackgroundTasks) -> None:
        """Begin to look at what webhooks tell, and to do the runs of the schedule."""
        for number in range(HINT_WORKERS):
            background.start(f"fetching of what webhooks tell ({number + 1})", self.hints.follow)
        background.start("runs of the sync schedule", self.scheduled.follow)
        background.start("watch of the Secret of webhooks", lambda: self.webhooks.follow(self._rules))
