"""Tells what comes again from what comes once. Pure."""

_MOST = 4096


class Repeated:
    """Remembers the newest things, each by its hash, so that a bounded memory can take up only what comes again.

    A wrong yes, which equal hashes can make, costs no more than a place in that memory.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._hashes: dict[int, None] = {}

    def again(self, thing: bytes) -> bool:
        """Return whether the thing was here before, and remember that it was here."""
        number = hash(thing)
        hashes = self._hashes
        if number in hashes:
            return True
        if len(hashes) >= self._most:
            del hashes[next(iter(hashes))]
        hashes[number] = None
        return False
