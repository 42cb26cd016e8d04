"""What the keepers of a fleet do about a server that fails, by what it is and how it fails. Pure."""

from modproxy.contract.report import Role

_SETTING = {
    Role.UPSTREAM: "spec.upstream.goproxy",
    Role.DATABASE: "spec.upstream.gosumdb",
    Role.VERSION_CONTROL: "the module's path, or the url of its entry in spec.upstream.credentials",
    Role.HTTP_PROXY: "spec.upstream.httpProxy.url",
    Role.PARENT: "spec.cache.parent",
}
"""Where the name of the server stands."""
_LOGIN = {
    Role.HTTP_PROXY: "put a user name and password that it takes into the Secret of spec.upstream.httpProxy.secretName",
}
_ANY_LOGIN = "put a login that it takes into the Secret of its entry in spec.upstream.credentials, or add an entry"
_TRUST = "put the certificate of its authority under ca.crt into the Secret of spec.upstream.trustedCASecretName"


def remedy_for(role: Role, kind: str) -> str:
    """Return what to do about a failure of a kind, as `source.upstream` and `source.vcs` name kinds."""
    match kind:
        case "dns":
            return f"check the host in {_SETTING[role]}, and the DNS of the cluster"
        case "connect" | "timeout" | "reset":
            return (
                f"check the address in {_SETTING[role]}, that the server runs, and that firewalls and NetworkPolicies "
                "let the replicas reach it"
            )
        case "tls":
            return f"{_TRUST}, or mend the server's certificate"
        case "401" | "403" | "407" | "refused":
            return _LOGIN.get(role, _ANY_LOGIN)
        case "hostKey":
            return "compare the key that the host publishes, and put it under known_hosts into the Secret"
        case "429":
            return "ask its keepers for a higher limit, or put a login into spec.upstream.credentials"
        case "redirects":
            return (
                f"check where it redirects, and {_SETTING[role]}; if a private address is meant, name that host in "
                "spec.upstream.goprivate, or set spec.upstream.allowPrivateTargets"
            )
        case "signature":
            return (
                "compare name and key in spec.upstream.gosumdb with what the database publishes; if they are right, "
                "what answers is not the database"
            )
        case "room":
            return "free disk space on the node, or give the cache a larger size in spec.cache.storage"
        case "508":
            return f"take the fleet's own address out of {_SETTING[role]}"
        case _:
            return f"look into the server's own log; if it is not meant, change {_SETTING[role]}"
