"""`hosted` and `sync` of the config: modules of one's own, and modules that are kept complete."""

from pydantic import Field

from modproxy.contract.config.section import Section
from modproxy.contract.fields import PatternText, Schedule, SecretName


class HostedConfig(Section):
    """Configures modules that are published to the fleet itself."""

    modules: tuple[PatternText, ...] = Field((), strict=False)
    """Patterns of modules that are hosted only: no upstream, no repository and no checksum database is asked about
    them. Versions of other modules may be published too; then they stand beside those of the upstreams.
    """


class SyncConfig(Section):
    """Configures modules that are kept complete: new versions are fetched before anybody asks."""

    modules: tuple[PatternText, ...] = Field((), strict=False)
    """Patterns of the modules."""
    schedule: Schedule | None = None
    """When to look for new versions: five fields of cron, in UTC; when absent, webhooks alone tell of them."""
    webhook_secret_name: SecretName | None = None
    """A Secret with what forges sign their webhooks with; when absent, no webhook is taken."""
