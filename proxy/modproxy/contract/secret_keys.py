"""Which keys of which Secret a replica reads. The operator mounts these keys and no other; the data plane reads them.

The names are those of Kubernetes' own types of Secrets: kubernetes.io/basic-auth, kubernetes.io/ssh-auth and
kubernetes.io/tls. Pure.
"""

USERNAME = "username"
PASSWORD = "password"  # noqa: S105 - the name of a key, which is no password
SSH_PRIVATE_KEY = "ssh-privatekey"
KNOWN_HOSTS = "known_hosts"
CA_CERTIFICATE = "ca.crt"
TLS_CERTIFICATE = "tls.crt"
TLS_KEY = "tls.key"

UPSTREAM_KEYS = (CA_CERTIFICATE, KNOWN_HOSTS, PASSWORD, SSH_PRIVATE_KEY, USERNAME)
"""What is read of a Secret that the way out names: `upstream.credentials`, `.httpProxy` and `.trustedCASecretName`."""
SERVING_KEYS = (TLS_CERTIFICATE, TLS_KEY)
"""What is read of the Secret with the certificate that clients are shown: `tls.secretName`."""
