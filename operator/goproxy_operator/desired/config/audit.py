"""`audit` of the config: where a replica's records of requests go."""

from goproxy_operator.api.audit import AuditSpec
from modproxy.contract.config import AuditConfig, AuditTarget, ElasticsearchConfig


def audit_config(spec: AuditSpec) -> AuditConfig:
    """Return the section, which is empty where no record is wanted."""
    written = spec.to is not None or spec.elasticsearch is not None
    if not (written if spec.enabled is None else spec.enabled):
        return AuditConfig()
    if spec.elasticsearch is None:
        return AuditConfig(to=(AuditTarget.STDOUT,) if spec.to is None else spec.to)
    named = spec.elasticsearch
    receiver = ElasticsearchConfig(url=named.url, index=named.index, secret_name=named.secret_name)
    return AuditConfig(to=spec.to or (), elasticsearch=receiver)
