"""Which modules are published to this fleet only: `hosted.modules` of the config. Pure."""

from collections.abc import Sequence

from modproxy.contract.config.hosted import HostedConfig
from modproxy.mod.pattern import Pattern, first_match, parse_pattern


class Hosting:
    """Knows the modules that come from the depot of the fleet alone. Other modules may have versions there too."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = tuple(patterns)

    @classmethod
    def of(cls, config: HostedConfig) -> "Hosting":
        """Read the patterns of a config."""
        return cls(tuple(map(parse_pattern, config.modules)))

    def only(self, path: str) -> bool:
        """Say whether nobody else is asked about a module, nor told of it."""
        return first_match(self._patterns, path) is not None
