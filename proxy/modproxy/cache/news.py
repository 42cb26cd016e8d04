"""Which files of the store have changed lately, so that what a lookup has found need not be looked up again."""

_REMEMBERED = 4096
"""Keys: many more than change while one lookup waits for the disk."""


class News:
    """Listens to a store. A moment is the count of changes so far."""

    def __init__(self, limit: int = _REMEMBERED) -> None:
        self.moment = 0
        self._limit = limit
        self._changed: dict[str, int] = {}
        self._forgotten = 0
        """The newest moment of a key that is remembered no longer."""

    def published(self, key: str, *, copy: bool = False) -> None:
        """Note that a file was published."""
        self.moment += 1
        self._changed.pop(key, None)
        if len(self._changed) >= self._limit:
            self._forgotten = self._changed.pop(next(iter(self._changed)))
        self._changed[key] = self.moment

    def removed(self, key: str) -> None:
        """Note that a file was removed."""
        self.published(key)

    def may_have_changed(self, key: str, moment: int) -> bool:
        """Say whether a file may have changed after the moment. It is certain while the key is remembered."""
        return self._changed.get(key, self._forgotten) > moment
