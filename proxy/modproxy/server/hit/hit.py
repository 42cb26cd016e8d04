"""A hit: what a request line is answered with for a second, and for how long it may be renewed."""

from modproxy.server.hit.files import OpenFile
from modproxy.server.hit.wire import Template
from modproxy.server.traffic import QuickHits
from modproxy.store.protocol import StoredFile

_BESIDE = 700
"""Bytes that a hit takes beside its answer, as measured, with its request line."""
_LOOKED_AT_AFTER = 60.0
"""Seconds after which the handler decides about one request again, so that a file that somebody changed by hand is
noticed.
"""
_LOOKING = 5.0
"""Seconds that the handler has for it. Meanwhile other requests are answered from memory."""


class Hit:
    """Answers `BEFORE_ID`, the id of the request, `wire`, and `file` if there is one, while `since <= now < until`.

    All times are in seconds since the epoch.
    """

    __slots__ = (
        "_fetched", "_fresh_until", "_head_size", "_look_at", "_stored_as", "_template", "answered", "file", "key",
        "lines", "module", "quick", "since", "size", "until", "used", "version", "wire",
    )  # fmt: skip

    def __init__(
        self,
        stored: StoredFile,
        module: str | None,
        version: str,
        template: Template,
        quick: QuickHits,
        *,
        fresh_until: float,
        file: OpenFile | None,
        now: float,
    ) -> None:
        self.key = stored.key
        self.quick = quick
        """Where it is counted."""
        self.module = module
        """The path of the module that it tells of; None for what tells of no module."""
        self.version = version
        """The version that it tells of; empty for none."""
        self.size = stored.size
        """The bytes of the body."""
        self.file = file
        """The file to send after `wire`; None where `wire` has the body."""
        self.wire = b"" if stored.body is None or file is not None else stored.body
        """The head after the id of the request, and the body of a small file."""
        self.since = self.until = 0.0
        self.lines: list[bytes] = []
        """The request lines that are answered with it."""
        self.answered = 0
        """How many requests it has answered whole, and that are not counted for its module yet."""
        self.used = True
        """Whether it was used since it was last considered for an eviction."""
        self._head_size = 0
        self._template = template
        self._fetched = stored.modified
        self._fresh_until = fresh_until
        self._stored_as = _state(stored)
        self._look_at = now + _LOOKED_AT_AFTER

    @property
    def cost(self) -> int:
        """About how many bytes of memory it takes."""
        return len(self.wire) + _BESIDE

    def is_fresh(self, now: float) -> bool:
        """Say whether it may be answered without a fetch."""
        return now < self._fresh_until

    def is_due(self, now: float) -> bool:
        """Say whether the handler has to decide about this request; the next ones need not wait for that."""
        if self._look_at - _LOOKED_AT_AFTER <= now < self._look_at:
            return False
        self._look_at = now + _LOOKING
        return True

    def confirm(self, stored: StoredFile, now: float) -> bool:
        """Note that the handler has just answered with a stored file. Returns False when it is another one."""
        self._look_at = now + _LOOKED_AT_AFTER
        return _state(stored) == self._stored_as

    def renew(self, now: float) -> None:
        """Make the bytes for this second: the Age is the one that the handler would send."""
        age = int(max(0.0, now - self._fetched))
        head = self._template.head(age, int(now))
        self.wire = head + self.wire[self._head_size :]
        self._head_size = len(head)
        self.since = self._fetched + age if age else min(now, self._fetched)
        self.until = min(self._fetched + age + 1, now + 1, self._fresh_until)
        self.used = True


def _state(stored: StoredFile) -> tuple[int, float, str | None]:
    return stored.size, round(stored.modified, 3), stored.etag  # file systems differ in what they keep of a time
