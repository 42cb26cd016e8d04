"""The keys of Secrets that a replica reads. The operator mounts only these keys.

The names are those of Kubernetes' own types of Secrets: kubernetes.io/basic-auth, kubernetes.io/ssh-auth and
kubernetes.io/tls. Pure.
"""

USERNAME = "username"
PASSWORD = "password"  # noqa: S105 - this is the name of a key, and no password
SSH_PRIVATE_KEY = "ssh-privatekey"
KNOWN_HOSTS = "known_hosts"
CA_CERTIFICATE = "ca.crt"
TLS_CERTIFICATE = "tls.crt"
TLS_KEY = "tls.key"
API_KEY = "apiKey"
HTPASSWD = "htpasswd"
GROUPS = "groups"
SHARED_SECRET = "secret"  # noqa: S105 - this is the name of a key, and no secret

UPSTREAM_KEYS = (CA_CERTIFICATE, KNOWN_HOSTS, PASSWORD, SSH_PRIVATE_KEY, USERNAME)
"""The keys of a Secret that `upstream.credentials`, `upstream.httpProxy` or `upstream.trustedCASecretName` names."""
SERVING_KEYS = (TLS_CERTIFICATE, TLS_KEY)
"""The keys of the Secret that `tls.secretName` names: the certificate that clients are shown."""
AUDIT_KEYS = (API_KEY, PASSWORD, USERNAME)
"""The keys of the Secret that `audit.elasticsearch.secretName` names: an encoded API key, or a login."""
USERS_KEYS = (GROUPS, HTPASSWD)
"""The keys of the Secret that `access.basic.secretName` names: users with passwords, and their groups."""
TRUSTED_PROXY_KEYS = (SHARED_SECRET,)
"""The keys of the Secret that `access.trustedProxy.secretName` names: what the trusted proxy proves itself with."""
WEBHOOK_KEYS = (PASSWORD, SHARED_SECRET, USERNAME)
"""The keys of the Secret that `sync.webhookSecretName` names: the secrets with which forges sign their webhooks, one a
line, and the login that a forge without signatures sends.
"""
OBJECT_STORE_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    CA_CERTIFICATE,
)
"""The keys of the Secret that `cache.objectStore.secretName` names: credentials of S3, Azure or Google Cloud, as
their own tools call them, and the certificate of the authority of a store that is one's own.
"""
