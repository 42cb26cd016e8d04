"""The keys of one OpenID provider: discovered, kept through its outages, and fetched anew when it rotates them.

The rules of discovery are those of OpenID Connect Discovery 1.0, section 4.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from modproxy.identity.fetching import DocumentError, Fetch
from modproxy.identity.key_set import MOST_BYTES, KeySet, KeySetError, PublicKey, parse_key_set
from modproxy.identity.proofs import Grounds
from modproxy.mod.strict_json import read_object

REFRESH_SECONDS = 600.0
"""How often keys are fetched without a reason, so that a key that was withdrawn is not good for much longer."""
RETRY_SECONDS = 30.0
"""How long after a failure they are fetched again."""
UNKNOWN_KEY_SECONDS = 60.0
"""How often a token with an unknown key may make them be fetched: anybody can write such tokens."""
OUTAGE_SECONDS = 24 * 3600.0
"""How long keys are good that could not be fetched again."""
_MOST_METADATA = 64 * 1024
"""Bytes of an issuer's metadata: they have a few KiB."""

log = logging.getLogger(__name__)


class IssuerKeys:
    """Has the newest keys of an issuer that could be fetched. `changed` is called after each change of the keys.

    `changed` is told whether a key is gone. `clock` is in seconds since the epoch.
    """

    def __init__(
        self, issuer: str, fetch: Fetch, changed: Callable[[bool], None], clock: Callable[[], float] = time.time
    ) -> None:
        self.issuer = issuer
        self.fetch = fetch
        """The way of the config in force. It may be replaced at any time."""
        self._changed = changed
        self._clock = clock
        self.current = KeySet()
        self._grounds: dict[str, Grounds] = {}
        self._fetched: float | None = None
        self._failing: tuple[float, str] | None = None
        self._tried = self._tried_for_key = float("-inf")
        self._task: asyncio.Task[None] | None = None

    @property
    def problem(self) -> str | None:
        """Why the newest keys cannot be had, since when, and which keys are good meanwhile; None while all is well."""
        if self._failing is None:
            return None
        since, why = self._failing
        if self._fetched is None:
            then = "its keys are not known, and its tokens are refused"
        elif not self.current.keys:
            then = f"its keys of {_told(self._fetched)} are too old, and its tokens are refused"
        else:
            then = f"its keys of {_told(self._fetched)} hold until {_told(self._fetched + OUTAGE_SECONDS)}"
        return f"{why}, since {_told(since)}: {then}"

    def grounds_of(self, key: PublicKey) -> Grounds:
        """Return what proofs by a key rest on. It becomes void when the key is gone."""
        return self._grounds.get(key.thumbprint) or _void()

    def look(self) -> None:
        """Begin to fetch the keys if it is time, and drop keys that are too old."""
        now = self._clock()
        if self._fetched is not None and now - self._fetched > OUTAGE_SECONDS and self.current.keys:
            log.error("the keys of issuer %s could not be fetched for a day, and are dropped", self.issuer)
            self._take(KeySet())
        if _is_over(self._tried, now, RETRY_SECONDS if self._failing else REFRESH_SECONDS):
            self._begin()

    async def fetch_for_unknown_key(self) -> None:
        """Fetch the keys because a token has an unknown one, if that is due."""
        if self._task is None:
            if not _is_over(self._tried_for_key, self._clock(), UNKNOWN_KEY_SECONDS):
                return
            self._tried_for_key = self._clock()
        # A request that leaves must not end the fetch for the others.
        await asyncio.shield(self._begin())

    def close(self) -> None:
        """End the fetch under way, and make every proof by these keys void."""
        if self._task is not None:
            self._task.cancel()
        for grounds in self._grounds.values():
            grounds.void = True

    def _begin(self) -> asyncio.Task[None]:
        if self._task is None:
            self._tried = self._clock()
            self._task = asyncio.create_task(self._refresh(), name=f"keys of {self.issuer}")
            self._task.add_done_callback(self._ended)
        return self._task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("a fault of this program kept the keys of %s from being fetched", self.issuer, exc_info=fault)

    async def _refresh(self) -> None:
        try:
            keys = await self._fetch_keys()
        except (DocumentError, KeySetError) as e:
            if self._failing is None or self._failing[1] != str(e):
                log.warning("oidc %s: %s", self.issuer, e)
            self._failing = self._failing[0] if self._failing else self._clock(), str(e)
            return
        if self._failing is not None:
            log.info("oidc %s: its keys can be fetched again", self.issuer)
        self._fetched, self._failing = self._clock(), None
        self._take(keys)

    async def _fetch_keys(self) -> KeySet:
        url = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            metadata = read_object(await self.fetch(url, _MOST_METADATA))
        except ValueError as e:
            raise KeySetError(f"its metadata cannot be read: {e}") from None
        if metadata.get("issuer") != self.issuer:
            raise KeySetError("its metadata are those of another issuer: access.oidc has to spell it as they do")
        place = metadata.get("jwks_uri")
        if not isinstance(place, str) or not _may_have_keys(place, self.issuer):
            raise KeySetError("its metadata name no jwks_uri that can be trusted")
        try:
            return parse_key_set(await self.fetch(place, MOST_BYTES))
        except KeySetError as e:
            raise KeySetError(f"its key set cannot be used: {e}") from None

    def _take(self, keys: KeySet) -> None:
        now_there = {key.thumbprint for key in keys.keys}
        gone = self._grounds.keys() - now_there
        new = now_there - self._grounds.keys()
        for thumbprint in gone:
            self._grounds.pop(thumbprint).void = True
        self._grounds |= {thumbprint: Grounds() for thumbprint in new}
        self.current = keys
        if gone or new:
            self._changed(bool(gone))


def _may_have_keys(url: str, issuer: str) -> bool:
    """Say whether keys may be at a URL: over https, unless the issuer itself is asked over plain http."""
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False
    schemes = ("https",) if issuer.startswith("https:") else ("https", "http")
    return good and parts.scheme in schemes and url.isprintable() and " " not in url


def _is_over(begun: float, now: float, seconds: float) -> bool:
    """Say whether a span of time is over. It is over too when the clock was set back before its beginning."""
    return not 0 <= now - begun < seconds


def _void() -> Grounds:
    grounds = Grounds()
    grounds.void = True
    return grounds


def _told(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
