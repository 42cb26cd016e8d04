"""Whether a stored file may be served under the rules of this moment, by the voucher that is kept with the file. Pure.

A file was let in under the rules of its time. When the checksum database was off then and is on now, or when the module
has become private since, the file has to be fetched anew, because today's rules would not have let it in.
"""

from collections.abc import Sequence
from functools import lru_cache

from modproxy.hosted.hosting import Hosting
from modproxy.mod.pattern import Pattern, first_match
from modproxy.mod.sumdb import SumdbTarget
from modproxy.mod.target import Kind, Target
from modproxy.mod.vouching import CameFrom, came_from, database_of, is_exempt, voucher

_REMEMBERED = 8192
"""Decisions: matching patterns takes longer than all else that a hit needs."""
_FOR_PRIVATE = frozenset([CameFrom.VERSION_CONTROL, CameFrom.BUNDLE])
"""Where private modules may come from."""
_VERIFIED = frozenset([Kind.MOD, Kind.ZIP])
"""The files for which a checksum database has hashes."""


class Admission:
    """Decides by the database in force (`database` names it with its key; None for none), the modules that come from
    version control only, and the modules that are not verified. `hosting` says which modules come from the depot only;
    it is None where nothing is published to the fleet.
    """

    def __init__(
        self,
        database: str | None,
        private: Sequence[Pattern],
        exempt: Sequence[Pattern],
        hosting: Hosting | None = None,
    ) -> None:
        self._hosting = hosting
        self._database = database
        self._private = private
        self._exempt = exempt
        self._proved = voucher(CameFrom.DATABASE, database or "")
        self._decided = lru_cache(_REMEMBERED)(self._decide)

    def admits(self, target: Target | SumdbTarget, text: str) -> bool:
        """Say whether a file with this voucher may be served; an empty text stands for a file without a voucher."""
        if isinstance(target, SumdbTarget):
            return self._database is None or text == self._proved
        return self._decided(target.path, target.kind in _VERIFIED, text)

    def _decide(self, path: str, has_hash: bool, text: str) -> bool:
        hosted = came_from(text) == CameFrom.HOSTED
        if hosted or (self._hosting is not None and self._hosting.only(path)):
            return hosted and self._hosting is not None
        if first_match(self._private, path) is not None and came_from(text) not in _FOR_PRIVATE:
            return False
        if self._database is None or not has_hash or is_exempt(path, self._exempt):
            return True
        return database_of(text) == self._database
