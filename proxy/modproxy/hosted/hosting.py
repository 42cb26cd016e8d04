"""Which modules are published to this fleet only: `hosted.modules` of the config. Pure."""

from collections.abc import Sequence

from modproxy.mod.pattern import Pattern, first_match


class Hosting:
    """Knows the modules that come from the depot of the fleet alone. Other modules may have versions there too."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = tuple(patterns)

    def only(self, path: str) -> bool:
        """Say whether nobody else is asked about a module, nor told of it."""
        return first_match(self._patterns, path) is not None
