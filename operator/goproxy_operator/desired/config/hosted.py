"""`hosted` and `sync` of the config: modules of one's own, and modules that are kept complete."""

from goproxy_operator.api.hosted import HostedSpec, SyncSpec
from modproxy.contract.config import HostedConfig, SyncConfig


def hosted_config(spec: HostedSpec) -> HostedConfig | None:
    """Return the section; None where hosting is off."""
    return HostedConfig(modules=spec.modules) if spec.enabled else None


def sync_config(spec: SyncSpec | None) -> SyncConfig | None:
    """Return the section; None where nothing is kept complete."""
    if spec is None:
        return None
    return SyncConfig(modules=spec.modules, schedule=spec.schedule, webhook_secret_name=spec.webhook_secret_name)
