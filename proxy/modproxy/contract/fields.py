"""The types of values in the config document. Each has a check whose message says what to write instead."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from modproxy.contract.address import parse_address
from modproxy.contract.duration import format_duration, parse_duration
from modproxy.mod.chain import parse_chain
from modproxy.mod.pattern import parse_pattern
from modproxy.mod.sumdb import parse_gosumdb
from modproxy.mod.url_pattern import parse_base_url, parse_url_pattern


def _read_by(parse: Callable[[str], object]) -> AfterValidator:
    """Make a check of a parser that raises `ValueError` with a message for people."""

    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


def _check_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", text) or ".." in text:
        raise ValueError(f"{text!r} is no name of a Secret: lower-case letters, digits, dashes and dots")
    return text


def _check_http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme == "http" and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:  # a port that is none, or an open bracket
        good = False
    if not good:
        shown = "the URL" if "@" in text else repr(text)
        raise ValueError(f"{shown} is no HTTP proxy: write http://HOST:PORT, credentials in a Secret")
    return text


def _check_listen(text: str) -> str:
    if text.startswith("fd:") and text[3:].isdigit():
        return text
    try:
        parse_address(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no address: write HOST:PORT, :PORT, [IPV6]:PORT or fd:N for an inherited socket"
        ) from None
    return text


def _check_prefix(text: str) -> str:
    if text and (not text.startswith("/") or text.endswith("/") or "//" in text or "%" in text):
        raise ValueError(f"{text!r} is no path prefix: write it as /go, with a leading and without a trailing slash")
    return text


def _plain_url(words: str, *, folders: bool = False) -> AfterValidator:
    """Make a check of URLs of servers, without a login, a query or a fragment; with `folders` of `file:` URLs too.

    `words` say what else a text is not, and what to write.
    """

    def is_plain(text: str) -> bool:
        parts = urlsplit(text)
        remote = parts.scheme in ("https", "http") and parts.hostname and parts.port != 0
        local = folders and parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
        return bool(remote or local) and parts.username is None and not set("?# ") & set(text) and text.isprintable()

    def check(text: str) -> str:
        try:
            good = len(text) <= _LONGEST_URL and is_plain(text)
        except ValueError:  # a port that is none, or an open bracket
            good = False
        if not good:
            raise ValueError(f"{'the URL' if '@' in text else repr(text)} is no {words}")
        return text

    return AfterValidator(check)


_LONGEST_URL = 512
INDEX_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)
"""A name that every version of Elasticsearch and OpenSearch takes for an index, an alias and a data stream: lower case,
none of \\/*?"<>|,#: and no white space, and not beginning with - _ or + (Elasticsearch's "Create index API").
"""


def _check_index(text: str) -> str:
    if not INDEX_NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no name of an index: lower-case letters, digits, dashes, dots and underscores")
    return text


def _check_vulnerability(text: str) -> str:
    if not re.fullmatch(r"GO-[0-9]{4}-[0-9]{4,8}", text, re.ASCII):
        raise ValueError(f"{text!r} is no entry of the Go vulnerability database: write for example GO-2024-1234")
    return text


def _check_license(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}", text, re.ASCII):
        raise ValueError(f"{text!r} is no SPDX identifier of a licence: write for example MIT or Apache-2.0")
    return text


def _check_cidr(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no range of addresses: write for example 10.1.0.0/16 or fd00::/64") from None
    return text


def _check_header(text: str) -> str:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}", text):
        raise ValueError(f"{text!r} is no name of a header (RFC 9110, section 5.1)")
    return text


def _check_bucket(text: str) -> str:
    try:
        parts = urlsplit(text)
        place = parts.path.strip("/") if parts.scheme == "file" else parts.netloc
        local = parts.scheme == "file"
        good = parts.scheme in BUCKET_SCHEMES and bool(place) and not (local and parts.netloc)
        good = good and (parts.scheme != "az" or bool(parts.path.strip("/")))
    except ValueError:  # an open bracket
        good = False
    plain = len(text) <= _LONGEST_URL and not set("?#@ %") & set(text) and text.isprintable() and ".." not in text
    if not good or not plain:
        raise ValueError(
            f"{'the URL' if '@' in text else repr(text)} is no object store: write s3://BUCKET/PREFIX, "
            "gs://BUCKET/PREFIX, az://ACCOUNT/CONTAINER/PREFIX or file:///FOLDER, credentials in a Secret"
        )
    return text


def check_schedule(text: str) -> str:
    """Return a schedule of cron as it is. Raises `ValueError` for a text that is none, or that names no moment."""
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - only a config with a schedule needs it

    try:
        if len(text) > LONGEST_SCHEDULE or len(text.split()) != 5:
            raise CronSimError("it has other than five fields")
        CronSim(text, datetime.now(UTC))
    except (CronSimError, ValueError) as e:
        raise ValueError(
            f"{text[:LONGEST_SCHEDULE]!r} is no schedule: {e}; write five fields of cron in UTC, such as */15 * * * *"
        ) from None
    return text


def _check_peer(text: str) -> str:
    try:
        good = parse_address(text).host
    except ValueError:
        good = ""
    if not good:
        raise ValueError(f"{text!r} is no address of a replica: write HOST:PORT or [IPV6]:PORT")
    return text


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[float, BeforeValidator(_seconds), PlainSerializer(format_duration), Field(ge=0)]
"""In seconds; the document has a string such as `30s`."""
ChainText = Annotated[str, _read_by(parse_chain)]
"""A chain in GOPROXY's syntax."""
DatabaseText = Annotated[str, _read_by(parse_gosumdb)]
"""A checksum database in GOSUMDB's syntax."""
PatternText = Annotated[str, _read_by(parse_pattern)]
"""A pattern as in GOPRIVATE."""
UrlPatternText = Annotated[str, _read_by(parse_url_pattern)]
"""A pattern of URLs: a prefix of host, port and path."""
BaseUrl = Annotated[str, _read_by(parse_base_url)]
"""The beginning of repositories' URLs."""
SecretName = Annotated[str, AfterValidator(_check_name)]
"""The name of a Secret, which is also the name of its folder."""
HttpUrl = Annotated[str, AfterValidator(_check_http_url)]
"""The URL of an HTTP proxy, without credentials."""
IssuerUrl = Annotated[str, _plain_url("issuer: write https://HOST, perhaps with a path, as iss of its tokens says it")]
"""The URL of an OpenID provider (OpenID Connect Discovery 1.0, section 3)."""
DatabaseUrl = Annotated[
    str, _plain_url("vulnerability database: write https://HOST/PATH or file:///FOLDER", folders=True)
]
"""The URL of a Go vulnerability database, or of a folder with its files."""
VulnerabilityId = Annotated[str, AfterValidator(_check_vulnerability)]
"""The ID of an entry of the Go vulnerability database."""
LicenseId = Annotated[str, AfterValidator(_check_license)]
"""An SPDX identifier of a licence."""
ReceiverUrl = Annotated[
    str, _plain_url("receiver of audit records: write https://HOST[:PORT], credentials in a Secret")
]
"""The base of the URLs of a server with Elasticsearch's API, without credentials and query."""
HttpServerUrl = Annotated[str, _plain_url("server: write https://HOST[:PORT] or http://HOST[:PORT]")]
"""The URL of a server, without credentials and query."""
BUCKET_SCHEMES = ("s3", "gs", "az", "file")
BucketUrl = Annotated[str, AfterValidator(_check_bucket)]
"""The URL of a bucket of an object store, or of a folder, with the prefix of its keys, without credentials."""
LONGEST_SCHEDULE = 128
"""Characters: longer lists of minutes than anybody writes."""
Schedule = Annotated[str, AfterValidator(check_schedule)]
"""A schedule of cron: minute, hour, day of the month, month, day of the week; in UTC."""
PeerAddress = Annotated[str, AfterValidator(_check_peer)]
"""The address of a replica: a host and a port."""
IndexName = Annotated[str, AfterValidator(_check_index)]
"""The name of an index or a data stream of Elasticsearch."""
Cidr = Annotated[str, AfterValidator(_check_cidr)]
"""A range of addresses, IPv4 or IPv6."""
HeaderName = Annotated[str, AfterValidator(_check_header)]
"""The name of an HTTP header."""
Listen = Annotated[str, AfterValidator(_check_listen)]
"""An address to listen on, or `fd:N` for an inherited socket."""
HOST_NAME = re.compile(r"[a-z0-9_:.-]{1,253}", re.ASCII)
HostName = Annotated[str, Field(pattern=rf"^{HOST_NAME.pattern}$")]
"""A host name, an IPv4 address, or an IPv6 address without brackets, in lower case."""
PathPrefix = Annotated[str, AfterValidator(_check_prefix)]
"""A prefix of URL paths: empty, or with a leading slash and without a trailing slash."""
