"""Why an object store gives no answer, in words for conditions, and what to do about it. Pure.

The words go on from the store's URL. They are made of what is known here and of nothing that the server has sent: an
error of a server repeats request headers and signatures.
"""

import errno
import re
from dataclasses import dataclass

READ, WRITE = "read", "write"
_CODE = re.compile(r"<Code>\s*([A-Za-z0-9.]{1,64})\s*</Code>")
"""The kind of an error in an answer of S3, Azure and Google Cloud alike."""
_STATUS = re.compile(r"status code: (\d{3})\b")
_OS_ERROR = re.compile(r"os error (\d{1,3})\b")
_ABSENT_CODES = frozenset({"NoSuchKey", "BlobNotFound", "NoSuchVersion", "404"})
_THERE_CODES = frozenset({"PreconditionFailed", "BlobAlreadyExists", "ConditionNotMet"})
_UNKNOWN = frozenset({"NotSupportedError", "NotImplementedError"})
_LONGEST = 4096
"""Characters of an error that are looked at: what matters is at its beginning, and in the innermost cause."""


@dataclass(frozen=True, slots=True)
class BucketFailure:
    """Says why a request had no answer."""

    kind: str
    words: str
    remedy: str


_SECRET = "the Secret of spec.cache.objectStore.secretName"  # noqa: S105 - a field of the config
_URL = "spec.cache.objectStore.url"
_RIGHTS = {
    READ: "allow the credentials to read and to list (s3:GetObject and s3:ListBucket, or their like)",
    WRITE: "allow the credentials to write (s3:PutObject, or its like)",
}
_KINDS: dict[str, tuple[str, str]] = {
    "bucket": ("has no such bucket", f"make the bucket, or correct {_URL}"),
    "key": ("does not know the credentials", f"put credentials that the store knows into {_SECRET}"),
    "secret": (
        "refuses the signature of the requests",
        f"compare the secret key in {_SECRET} with the one that belongs to the key's name",
    ),
    "expired": ("refuses the credentials, which have expired", f"put new credentials into {_SECRET}"),
    "region": (
        "is in another region than the requests name",
        "set spec.cache.objectStore.region to the region of the bucket",
    ),
    "clock": (
        "refuses the requests because the clocks differ",
        "set the clock of the node, and that of the store, by a time server",
    ),
    "credentials": (
        "cannot be asked, because this machine has no credentials for it",
        "name a Secret in spec.cache.objectStore.secretName, or give the pods' ServiceAccount a workload identity",
    ),
    "busy": (
        "asks to be asked less often",
        "nothing, if it passes; else ask its keepers for a higher limit",
    ),
    "server": ("answers with errors of its own", "look into the server's own log"),
    "dns": (
        "cannot be reached: the name of its host cannot be resolved",
        "check the host in spec.cache.objectStore.endpoint, and the DNS of the cluster",
    ),
    "refused": (
        "cannot be reached: the connection is refused",
        "check spec.cache.objectStore.endpoint, and that the server runs",
    ),
    "connect": (
        "cannot be reached: the connection fails",
        "check spec.cache.objectStore.endpoint, and that firewalls and NetworkPolicies let the replicas reach it",
    ),
    "tls": (
        "has no TLS that is trusted",
        f"put the certificate of its authority under ca.crt into {_SECRET}, or write http:// where it speaks no TLS",
    ),
    "timeout": (
        "does not answer in time",
        "check that the server runs, and that firewalls and NetworkPolicies let the replicas reach it",
    ),
    "cut": ("ends its answers too early", "look into the server's own log, and that of proxies on the way"),
    "folder": ("is no folder that exists", f"make the folder, mount the volume, or correct {_URL}"),
    "room": ("has no room for more files", "make the volume or the quota larger"),
    "conditional": (
        "does not take requests to write only what is not there yet",
        "use a store that knows If-None-Match for PUT",
    ),
    "unconditional": (
        "does not take conditional writes, which hosted modules need, so that no version is published twice",
        "use an object store that knows If-None-Match for PUT, or a volume whose file system knows hard links",
    ),
    "many": (
        "has more files of this module than one answer names",
        "delete versions that nobody needs, or publish the next ones under another module path",
    ),
    "claim": (
        "has a record of a published version that no replica has written",
        "restore the files below .modproxy/claims and .modproxy/deleted from a backup",
    ),
    "off": ("is not used any more: the config names no hosted modules", "set spec.hosted"),
    "other": ("gives no answer that can be read", "look into the server's own log"),
}
_BY_CODE = {
    "NoSuchBucket": "bucket", "ContainerNotFound": "bucket", "ContainerBeingDeleted": "bucket",
    "InvalidBucketName": "bucket", "ResourceNotFound": "bucket",
    "InvalidAccessKeyId": "key", "XAdminUserNotFound": "key", "InvalidClientTokenId": "key",
    "AuthenticationFailed": "secret", "SignatureDoesNotMatch": "secret", "InvalidSecurity": "secret",
    "ExpiredToken": "expired", "InvalidToken": "expired", "TokenRefreshRequired": "expired",
    "AuthorizationHeaderMalformed": "region", "PermanentRedirect": "region", "TemporaryRedirect": "region",
    "IllegalLocationConstraintException": "region",
    "RequestTimeTooSkewed": "clock", "RequestExpired": "clock",
    "SlowDown": "busy", "ServerBusy": "busy", "ServiceUnavailable": "busy", "TooManyRequests": "busy",
    "RequestLimitExceeded": "busy", "Throttling": "busy", "ThrottlingException": "busy",
    "QuotaExceeded": "room", "XMinioStorageFull": "room", "InsufficientCapacity": "room",
}  # fmt: skip
_BY_OS_ERROR = {
    errno.EACCES: "rights", errno.EPERM: "rights", errno.EROFS: "rights", errno.ENOENT: "folder",
    errno.ENOSPC: "room", errno.EDQUOT: "room",
}  # fmt: skip
_RIGHTS_CODES = frozenset({
    "AccessDenied", "AllAccessDisabled", "AccountProblem", "AuthorizationFailure", "AuthorizationPermissionMismatch",
    "AuthorizationProtocolMismatch", "InsufficientAccountPermissions", "InvalidPayer",
})  # fmt: skip


def failure_of(kind: str, operation: str = READ) -> BucketFailure:
    """Return the failure of a kind."""
    if kind == "rights":
        what = "read" if operation == READ else "written"
        return BucketFailure(f"rights.{operation}", f"may not be {what} with these credentials", _RIGHTS[operation])
    words, remedy = _KINDS.get(kind, _KINDS["other"])
    return BucketFailure(kind, words, remedy)


def is_there_already(name: str, text: str) -> bool:
    """Say whether an error means that a file is there which was to be made. A 409 may mean only that two write at once
    (`ConditionalRequestConflict` of S3), and then nobody knows whether it is.
    """
    code = _CODE.search(text[:_LONGEST])
    return name == "AlreadyExistsError" and (code is None or code[1] in _THERE_CODES)


def explain(name: str, text: str, operation: str = READ) -> BucketFailure | None:
    """Say why a request failed, by the name of obstore's error and its text; None where the file is only absent."""
    kind = _kind(name, text)
    return None if kind is None else failure_of(kind, operation)


def explain_os(number: int | None, operation: str = READ) -> BucketFailure:
    """Say why a file of a folder could not be read or written, by the number of the system's error."""
    return failure_of(_BY_OS_ERROR.get(number or 0, "other"), operation)


def lacks_conditions(name: str, text: str) -> bool:
    """Say whether an error of a conditional write means that the store knows no such writes."""
    short = text[:_LONGEST]
    code, status = _CODE.search(short), _STATUS.search(short)
    by_code = code is not None and code[1] == "NotImplemented"
    return by_code or name in _UNKNOWN or (status is not None and status[1] == "501")


def _kind(name: str, text: str) -> str | None:
    short = text[:_LONGEST]
    if (code := _CODE.search(short)) is not None and (known := _of_code(code[1])) != "":
        return known
    if "169.254.169.254" in short or "169.254.170.2" in short or "metadata.google.internal" in short:
        return "credentials"
    if name == "FileNotFoundError":
        return None
    if name in ("PermissionDeniedError", "UnauthenticatedError"):
        return "rights"
    if (status := _STATUS.search(short)) is not None:
        return _of_status(int(status[1]))
    if name in _UNKNOWN:
        return "conditional"
    if "redirect without LOCATION" in short:  # so S3 answers for a bucket of another region
        return "region"
    if name == "AlreadyExistsError":
        return "busy"
    if (number := _OS_ERROR.search(short)) is not None and "LocalFileSystem" in text:
        return _BY_OS_ERROR.get(int(number[1]), "other")
    return _of_connection(name, text)


def _of_code(code: str) -> str | None:
    """Return the kind of a code; an empty text for a code that is not known here."""
    if code in _ABSENT_CODES:
        return None
    return "rights" if code in _RIGHTS_CODES else _BY_CODE.get(code, "")


def _of_status(status: int) -> str | None:
    match status:
        case 404:
            return None
        case 401 | 403:
            return "rights"
        case 301 | 307 | 308:
            return "region"
        case 409 | 429 | 503:  # 409: two write at once
            return "busy"
        case 507:
            return "room"
        case _ if status >= 500:
            return "server"
        case _:
            return "other"


def _of_connection(name: str, text: str) -> str:
    """Read the causes that the HTTP client lists."""
    low = text.lower()
    for kind, words in (
        ("dns", ("dns error", "failed to lookup address")),
        ("tls", ("certificate", "invalidmessage", "tls", "unexpected eof during handshake", "alertreceived")),
        ("refused", ("connectionrefused", "connection refused")),
        ("timeout", ("timedout", "timed out", "kind: timeout")),
        ("cut", ("incompletemessage", "end of file before message", "incompletebody", "connectionreset",
                 "unexpectedeof", "kind: decode", "error decoding", "kind: interrupted", "brokenpipe")),
        ("connect", ("kind: connect", "tcp connect error", "unreachable")),
    ):  # fmt: skip
        if any(word in low for word in words):
            return kind
    return "timeout" if name == "TimeoutError" else "other"
