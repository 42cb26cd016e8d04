"""Which files the store has published lately: a lookup that found nothing need not be repeated before each fetch."""

_REMEMBERED = 4096
"""Keys: many more than are published while one lookup waits for the disk."""


class News:
    """Listens to a store. A moment is the count of publications so far."""

    def __init__(self, limit: int = _REMEMBERED) -> None:
        self.moment = 0
        self._limit = limit
        self._published: dict[str, int] = {}
        self._forgotten = 0
        """The newest moment of a key that is remembered no longer."""

    def published(self, key: str) -> None:
        """Note that a file was published."""
        self.moment += 1
        self._published.pop(key, None)
        if len(self._published) >= self._limit:
            self._forgotten = self._published.pop(next(iter(self._published)))
        self._published[key] = self.moment

    def removed(self, key: str) -> None:
        """Note nothing: a fetch replaces what was removed."""

    def may_have_come(self, key: str, moment: int) -> bool:
        """Say whether a file may have been published after the moment. It is certain while the key is remembered."""
        return self._published.get(key, self._forgotten) > moment
