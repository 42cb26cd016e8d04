"""The Secrets that an object names, as the replicas see them: a folder each, a file a key.

The Secrets are optional sources of one projected volume, without subPath: a new reference rolls the pods, a rotation
does not. The operator itself reads no Secret; a replica reports what is missing.
"""

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.manifest import Manifest
from modproxy.contract.config import Config
from modproxy.contract.secret_keys import (
    AUDIT_KEYS,
    OBJECT_STORE_KEYS,
    SERVING_KEYS,
    TRUSTED_PROXY_KEYS,
    UPSTREAM_KEYS,
    USERS_KEYS,
    WEBHOOK_KEYS,
)

VOLUME = "secrets"
_MODE = 0o440
"""Readable for the pod's group. ssh wants a key that only its user can read: the data plane copies it."""


def referenced_secrets(goproxy: GoProxy) -> tuple[str, ...]:
    """Return the names of all Secrets that the object names: sorted, so that an order of entries rolls no pod."""
    return tuple(
        sorted(
            upstream_secrets(goproxy)
            | certificate_secret(goproxy)
            | access_secrets(goproxy).keys()
            | audit_secret(goproxy)
            | object_store_secret(goproxy)
            | webhook_secret(goproxy)
        )
    )


def upstream_secrets(goproxy: GoProxy) -> set[str]:
    """Return the names of the Secrets that the way out needs."""
    upstream = goproxy.spec.upstream
    named = [credential.secret_name for credential in upstream.credentials]
    named += [upstream.trusted_ca_secret_name or ""]
    named += [upstream.http_proxy.secret_name or ""] if upstream.http_proxy else []
    return set(named) - {""}


def certificate_secret(goproxy: GoProxy) -> set[str]:
    """Return the name of the Secret with the replicas' certificate, if they serve HTTPS."""
    tls = goproxy.spec.expose.tls
    return {tls.secret_name} if tls is not None else set()


def access_secrets(goproxy: GoProxy) -> dict[str, tuple[str, ...]]:
    """Return the keys that prove who clients are, by the name of their Secret."""
    access = goproxy.spec.access
    found: dict[str, tuple[str, ...]] = {}
    if access is not None and access.basic is not None:
        found[access.basic.secret_name] = USERS_KEYS
    if access is not None and access.trusted_proxy is not None:
        name = access.trusted_proxy.secret_name
        found[name] = (*found.get(name, ()), *TRUSTED_PROXY_KEYS)
    return found


def audit_secret(goproxy: GoProxy) -> set[str]:
    """Return the name of the Secret with the login for the receiver of the audit log, if there is one."""
    receiver = goproxy.spec.audit.elasticsearch
    return {receiver.secret_name} if receiver is not None and receiver.secret_name is not None else set()


def object_store_secret(goproxy: GoProxy) -> set[str]:
    """Return the name of the Secret with the login for the object store, if there is one."""
    store = goproxy.spec.cache.object_store
    return {store.secret_name} if store is not None and store.secret_name is not None else set()


def webhook_secret(goproxy: GoProxy) -> set[str]:
    """Return the name of the Secret by which forges prove their webhooks, if there is one."""
    sync = goproxy.spec.sync
    return {sync.webhook_secret_name} if sync is not None and sync.webhook_secret_name is not None else set()


def keys_of(goproxy: GoProxy, name: str) -> tuple[str, ...]:
    """Return the keys of the Secret `name` that reach the replicas."""
    certificate = name in certificate_secret(goproxy)
    upstream = UPSTREAM_KEYS if certificate or name in upstream_secrets(goproxy) else ()
    keys = (*upstream, *(SERVING_KEYS if certificate else ()), *access_secrets(goproxy).get(name, ()))
    audit = AUDIT_KEYS if name in audit_secret(goproxy) else ()
    store = OBJECT_STORE_KEYS if name in object_store_secret(goproxy) else ()
    webhook = WEBHOOK_KEYS if name in webhook_secret(goproxy) else ()
    return tuple(dict.fromkeys((*keys, *audit, *store, *webhook)))


def secrets_volumes(goproxy: GoProxy) -> list[Manifest]:
    """Return the volume, if any Secret is named. Pods start even when a Secret or a key is missing."""
    sources = [
        {
            "secret": {
                "name": name,
                "optional": True,
                "items": [{"key": key, "path": f"{name}/{key}"} for key in keys_of(goproxy, name)],
            }
        }
        for name in referenced_secrets(goproxy)
    ]
    return [{"name": VOLUME, "projected": {"defaultMode": _MODE, "sources": sources}}] if sources else []


def secrets_mounts(goproxy: GoProxy) -> list[Manifest]:
    """Return the mount of `secrets_volumes`."""
    mount = {"name": VOLUME, "mountPath": Config().secrets_dir, "readOnly": True}
    return [mount] if referenced_secrets(goproxy) else []
