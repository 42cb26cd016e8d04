"""The rules about a fleet: alerts, and its objectives. Each alert says what it means for those who build."""

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.config.audit import audit_config
from goproxy_operator.desired.manifest import Manifest, child, labelled
from goproxy_operator.desired.monitoring.alert import CRITICAL, WARNING, Alert
from goproxy_operator.desired.monitoring.objective_rules import objectives_group
from goproxy_operator.desired.monitoring.objectives import objectives
from goproxy_operator.desired.monitoring.queries import Queries, queries

_UPSTREAM_FAILURES = 0.2
_CERTIFICATE_DAYS = 3


def prometheus_rule(goproxy: GoProxy, docs: str) -> Manifest:
    """Return the PrometheusRule. `docs` is where people read the folder docs of this repository."""
    fleet, namespace = goproxy.metadata.name, goproxy.metadata.namespace
    groups = [
        {
            "name": f"goproxy.{namespace}.{fleet}",
            "rules": [alert.manifest(docs) for alert in fleet_alerts(goproxy)],
        }
    ]
    if chosen := objectives(goproxy):
        groups.append(objectives_group(goproxy, chosen, docs))
    name = names.prometheus_rule(fleet)
    made = child(goproxy, "monitoring.coreos.com/v1", "PrometheusRule", name, {"spec": {"groups": groups}})
    return labelled(made, goproxy.spec.monitoring.labels)


def fleet_alerts(goproxy: GoProxy) -> list[Alert]:
    """Return the alerts about the object's fleet."""
    query = queries(goproxy, "5m")
    fleet = f"{goproxy.metadata.namespace}/{goproxy.metadata.name}"
    look = f"kubectl describe gop -n {goproxy.metadata.namespace} {goproxy.metadata.name}"
    alerts = [
        Alert(
            "GoProxyReplicaNotReady",
            f"{query.of('modproxy_ready')} == 0",
            "15m",
            WARNING,
            f"{{{{ $labels.pod }}}} of the Go module proxy {fleet} is not ready",
            f"It has been so for 15 minutes. `{look}` tells why.",
        ),
        Alert(
            "GoProxyDiskPressure",
            f"{query.of('modproxy_disk_pressure')} == 1",
            "10m",
            WARNING,
            f"{{{{ $labels.pod }}}} of the Go module proxy {fleet} stores nothing more, or soon will not",
            "What is held is served still, and what is not held comes from upstream each time. Make "
            "cache.storage.size larger.",
        ),
        Alert(
            "GoProxyChecksumMismatch",
            f"sum(increase({query.of('modproxy_checksum_mismatches_total')}[15m])) > 0",
            None,
            CRITICAL,
            f"The Go module proxy {fleet} was given a module that the checksum database says is another",
            "It was refused. Somebody has altered a module, or moved a tag: the replicas' logs name it.",
        ),
        Alert(
            "GoProxyUpstreamErrors",
            f"{query.upstream_failures} > {_UPSTREAM_FAILURES}",
            "10m",
            WARNING,
            f"{{{{ $value | humanizePercentage }}}} of what {fleet} asks of its upstreams fails",
            "What is held is served still. modproxy_upstream_errors_total and modproxy_upstream_requests_total tell "
            "which errors they are.",
        ),
        Alert(
            "GoProxyConfigRefused",
            f"{query.of('modproxy_config_error')} == 1",
            "10m",
            WARNING,
            f"{{{{ $labels.pod }}}} of the Go module proxy {fleet} does not take what it is told",
            f"It keeps the config, or the certificate, that it had. `{look}` tells why.",
        ),
    ]
    if audit_config(goproxy.spec.audit).wanted:
        alerts += _of_audit(query, fleet, look)
    if goproxy.spec.cache.object_store is not None:
        alerts.append(_of_object_store(query, fleet, look))
    if goproxy.spec.replicas != 0:
        ready = query.of("modproxy_ready")
        alerts.insert(
            0,
            Alert(
                "GoProxyDown",
                f"(sum({ready}) or vector(0)) == 0",
                "5m",
                CRITICAL,
                f"No replica of the Go module proxy {fleet} is ready, or none is scraped",
                f"Builds that need it fail, or go around it. `{look}` tells why.",
            ),
        )
    if goproxy.spec.expose.tls is not None:
        alerts.append(
            Alert(
                "GoProxyCertificateExpires",
                f"{query.of('modproxy_tls_expiry_timestamp_seconds')} - time() < {_CERTIFICATE_DAYS * 86400}",
                "1h",
                CRITICAL,
                f"The certificate of the Go module proxy {fleet} ends in {{{{ $value | humanizeDuration }}}}",
                f"Put a new one into Secret {goproxy.spec.expose.tls.secret_name}: no restart is needed.",
            )
        )
    return alerts


def _of_object_store(query: Queries, fleet: str, look: str) -> Alert:
    return Alert(
        "GoProxyObjectStoreFails",
        f"{query.of('modproxy_object_store_failing')} == 1",
        "10m",
        WARNING,
        f"{{{{ $labels.pod }}}} of the Go module proxy {fleet} cannot use the object store",
        f"What the replicas hold is served still; what is new waits on their disks. `{look}` tells why.",
    )


def _of_audit(query: Queries, fleet: str, look: str) -> list[Alert]:
    return [
        Alert(
            "GoProxyAuditNotDelivered",
            f"{query.of('modproxy_audit_failing')} == 1",
            "10m",
            WARNING,
            f"The receiver of the audit log of the Go module proxy {fleet} takes nothing from {{{{ $labels.pod }}}}",
            f"The records wait on the cache's volume until it is full of them. `{look}` tells why.",
        ),
        Alert(
            "GoProxyAuditLost",
            f"sum(increase({query.of('modproxy_audit_lost_total')}[15m])) > 0",
            None,
            CRITICAL,
            f"The audit log of the Go module proxy {fleet} has lost records",
            f"modproxy_audit_records_total tells which target lost them, and `{look}` tells why.",
        ),
    ]
