"""`upstream` of the config: where a replica finds modules."""

from goproxy_operator.api.upstream import UpstreamSpec
from goproxy_operator.desired.config.defaults import without_none
from modproxy.contract.config import CredentialConfig, UpstreamConfig


def upstream_config(spec: UpstreamSpec, *, machine_settings: bool = False) -> UpstreamConfig:
    """Return the section. `machine_settings` says whether the machine's own settings count."""
    proxy = spec.http_proxy
    section = {
        "goproxy": spec.goproxy,
        "gosumdb": spec.gosumdb,
        "goprivate": spec.goprivate,
        "gonoproxy": spec.gonoproxy,
        "gonosumdb": spec.gonosumdb,
        "credentials": tuple(
            CredentialConfig(pattern=entry.pattern, secret_name=entry.secret_name, url=entry.url)
            for entry in spec.credentials
        ),
        "allowPrivateTargets": spec.allow_private_targets,
        "insecure": spec.insecure,
        "trustedCASecretName": spec.trusted_ca_secret_name,
        "httpProxy": proxy
        and without_none({"url": proxy.url, "noProxy": proxy.no_proxy, "secretName": proxy.secret_name}),
        "machineSettings": machine_settings,
        "timeout": spec.timeout,
        "directTimeout": spec.direct_timeout,
    }
    return UpstreamConfig.model_validate(without_none(section))
