"""`spec.upstream` of the object: where modules come from, by which way, and with which credentials."""

import re
from typing import Annotated

from pydantic import Field, StringConstraints

from goproxy_operator.api.addresses import URL_HOST_RULES, AddressRange
from goproxy_operator.api.fields import PositiveDuration, SecretRef
from goproxy_operator.api.part import ATOMIC, SET, Items, Part
from goproxy_operator.api.patterns import Patterns
from goproxy_operator.api.rule import ModelRule, Rule, Ruled, Rules, matching
from modproxy.mod.chain import has_userinfo, parse_chain
from modproxy.mod.sumdb import parse_gosumdb
from modproxy.mod.url_pattern import BASE_URL, PORT, URL_PATTERN, parse_url_pattern

CREDENTIALS_IN_URL = "credentials do not belong into the URL: remove the user name and the password before the @"
"""The message never tells the value: it holds a password."""

_ENTRY_ENDS = re.compile("[,|]")
_URL_WITHOUT_SCHEME = re.compile("[^/:][^:]*(:[^:/][^:]*)*")


def _entries(chain: str) -> list[str]:
    # RE2 matches the whole chain by one expression, which could keep Python's backtracking busy for ever.
    return [entry.strip() for entry in _ENTRY_ENDS.split(chain)]


def _is_word_or_url(entry: str) -> bool:
    return entry in ("", "direct", "off") or any(char in entry for char in ".:/")


def _has_known_scheme(entry: str) -> bool:
    return (
        entry == ""
        or re.match("https?://[^/]|file:///", entry) is not None
        or _URL_WITHOUT_SCHEME.fullmatch(entry) is not None
    )


def _chain_of(entry: str) -> str:
    """Match a chain whose entries all match: one expression, because a loop over a split chain costs too much."""
    return f"self.matches(r'^{entry}([,|]{entry})*$')"


def _check_chain(text: str) -> None:
    # A URL without a scheme may have credentials, too. parse_chain finds them.
    if any(entry.login for entry in parse_chain(text)):
        raise ValueError(CREDENTIALS_IN_URL)


_CHAIN_RULES: Rules[str] = (
    Rule(
        cel="!self.matches('://[^/,|]*@')",
        holds=lambda text: not re.search("://[^/,|]*@", text),
        message=CREDENTIALS_IN_URL,
    ),
    Rule(
        cel=r"self.matches(r'[^,|\s]')",
        holds=lambda text: re.search(r"[^,|\s]", text) is not None,
        message="names no proxy: write for example https://goproxy.example.com,direct",
    ),
    Rule(
        cel=_chain_of(r"\s*(|direct|off|[^,|]*[.:/][^,|]*)\s*"),
        holds=lambda text: all(map(_is_word_or_url, _entries(text))),
        message="an entry is neither direct, off nor a URL: write for example https://goproxy.example.com,direct",
    ),
    Rule(
        cel=_chain_of(r"\s*(|https?://[^/,|][^,|]*|file:///[^,|]*|[^,|/:\s][^,|:]*(:[^,|:/][^,|:]*)*)"),
        holds=lambda text: all(map(_has_known_scheme, _entries(text))),
        message="a URL has to start with https://, http:// or file:///: write for example "
        "https://goproxy.example.com,direct",
    ),
    Rule(
        cel=r"!self.matches(r'[?#]|[^,|\s]\s+[^,|\s]')",
        holds=lambda text: not re.search(r"[?#]|[^,|\s]\s+[^,|\s]", text),
        message="a URL has white space, a query or a fragment in it: write only scheme, host and path, and separate "
        "entries with a comma or |",
    ),
    ModelRule(_check_chain, because="CEL has no parser of URLs"),
    *URL_HOST_RULES,
)
ChainText = Annotated[str, StringConstraints(max_length=2048), Ruled(_CHAIN_RULES)]
"""A chain in GOPROXY's syntax, without credentials."""

_SUMDB_NAME = r"[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*"
_SUMDB_KEY = r"\+[0-9a-fA-F]{8}\+[A-Za-z0-9+/]{44}"
_SUMDB_KNOWN = r"(sum\.golang\.org|sum\.golang\.google\.cn)"
_ONE_OR_TWO_WORDS = r"^\s*[^\s]+(\s+[^\s]+)?\s*$"
_TWO_WORDS = r"^\s*[^\s]+\s+[^\s]+\s*$"
_KNOWN_NAME = rf"^\s*{_SUMDB_KNOWN}(\s|$)"
_KEY_OR_KNOWN = rf"^\s*({_SUMDB_KNOWN}|{_SUMDB_NAME}{_SUMDB_KEY})(\s|$)"
_URL_AT_END = r"\shttps?://[^/?#\s][^?#\s]*\s*$"


def _has_no_credentials(text: str) -> bool:
    return not re.search("://[^/]*@", text) and not any(has_userinfo(word) for word in text.split())


_GOSUMDB_RULES: Rules[str] = (
    Rule(cel="!self.matches('://[^/]*@')", holds=_has_no_credentials, message=CREDENTIALS_IN_URL),
    Rule(
        cel=f"self.contains('@') || self.matches(r'{_ONE_OR_TWO_WORDS}')",
        holds=lambda text: "@" in text or re.search(_ONE_OR_TWO_WORDS, text) is not None,
        message="{self} is no checksum database: write NAME, NAME+HASH+KEY, NAME+HASH+KEY URL, or off",
    ),
    Rule(
        cel=f"self == 'off' || self.contains('@') || self.contains('+') || self.matches(r'{_KNOWN_NAME}')",
        holds=lambda text: text == "off" or "@" in text or "+" in text or re.search(_KNOWN_NAME, text) is not None,
        message="the key of {self} is not known: write NAME+HASH+KEY as the database publishes it, sum.golang.org, or "
        "off",
    ),
    Rule(
        cel=f"!self.contains('+') || self.contains('@') || self.matches(r'{_KEY_OR_KNOWN}')",
        holds=lambda text: "+" not in text or "@" in text or re.search(_KEY_OR_KNOWN, text) is not None,
        message="{self} has no verifier key: write NAME+HASH+KEY, as the database publishes it",
    ),
    Rule(
        cel=f"self.contains('@') || !self.matches(r'{_TWO_WORDS}') || self.matches(r'{_URL_AT_END}')",
        holds=lambda text: "@" in text or not re.search(_TWO_WORDS, text) or re.search(_URL_AT_END, text) is not None,
        message="{self} has no URL after its key: write one with https:// or http://, without a query",
    ),
    *URL_HOST_RULES,
    ModelRule(parse_gosumdb, because="CEL can neither decode a verifier key nor compute its hash"),
)
GosumdbText = Annotated[str, StringConstraints(max_length=1024), Ruled(_GOSUMDB_RULES)]
"""A checksum database in GOSUMDB's syntax, or `off`."""

_PROXY_URL = rf"^http://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:{PORT})?/?$"
"""The one form of an HTTP proxy's URL."""

_PROXY_URL_RULES: Rules[str] = (
    Rule(
        cel="!self.matches('://[^/]*@')",
        holds=lambda text: not re.search("://[^/]*@", text) and not has_userinfo(text),
        message="credentials do not belong into the URL: remove what is before the @, and name a Secret with username "
        "and password as httpProxy.secretName",
    ),
    Rule(
        cel=f"self.contains('@') || self.matches(r'{_PROXY_URL}')",
        holds=lambda text: re.fullmatch(_PROXY_URL, text) is not None,
        message="{self} is no HTTP proxy: write http://HOST:PORT, such as http://egress.example.com:3128",
    ),
    *URL_HOST_RULES,
)
HttpProxyUrl = Annotated[str, StringConstraints(max_length=512), Ruled(_PROXY_URL_RULES)]

_NO_PROXY = r"^[^\s,/]+(/[0-9]{1,3})?$"
"""A host, a domain, an address, or a range of addresses."""

_NO_PROXY_RULES: Rules[str] = (
    matching(
        _NO_PROXY,
        "{self} is nothing to reach without the proxy: write one host, domain, address or range an entry, such "
        "as .corp.example.com or 10.0.0.0/8",
    ),
)
NoProxyEntry = Annotated[str, StringConstraints(max_length=256), Ruled(_NO_PROXY_RULES)]


_CREDENTIAL_PATTERN_RULES: Rules[str] = (
    Rule(
        cel="self != '' && self != '/'",
        holds=lambda text: text not in ("", "/"),
        message="an empty pattern: write a host, or a host with a path, such as git.corp.example.com/platform",
    ),
    Rule(
        cel="!self.contains('://') && !self.matches('^[^/]*@')",
        holds=lambda text: "://" not in text and "@" not in text.partition("/")[0],
        message="{self} has a scheme or a user: write HOST, HOST:PORT or HOST/PATH, such as "
        "git.corp.example.com/platform",
    ),
    Rule(
        cel="self == '' || self == '/' || self.contains('://') || self.matches('^[^/]*@') || "
        f"self.matches(r'{URL_PATTERN}')",
        holds=lambda text: re.fullmatch(URL_PATTERN, text) is not None,
        message="{self} is no place of a URL: write HOST, HOST:PORT or HOST/PATH in the letters of a URL, the host in "
        "lower case, such as git.corp.example.com:8443/platform",
    ),
    ModelRule(parse_url_pattern, because="CEL cannot compare the two ends of a range"),
)
CredentialPattern = Annotated[str, StringConstraints(max_length=256), Ruled(_CREDENTIAL_PATTERN_RULES)]
"""A glob that matches host, port and the first elements of the path of a URL."""

_BASE_URL_RULES: Rules[str] = (
    matching(
        BASE_URL,
        "{self} is no base of repositories: write https://HOST[:PORT]/PATH or ssh://USER@HOST[:PORT]/PATH, such as "
        "ssh://git@git.corp.example.com:7999/",
    ),
)
RepositoryBase = Annotated[str, StringConstraints(max_length=512), Ruled(_BASE_URL_RULES)]
"""The beginning of repositories' URLs."""


class CredentialSpec(Part):
    """Which Secret is used for what."""

    pattern: CredentialPattern
    """A prefix of host[:port]/path of the URL contacted, such as git.corp.example.com/platform; globs as in GOPRIVATE.
    The longest pattern that matches counts; without a port it matches every port; what no pattern matches gets none."""
    secret_name: SecretRef
    """A kubernetes.io/basic-auth Secret, or kubernetes.io/ssh-auth with known_hosts; rotation needs no restart."""
    url: RepositoryBase | None = None
    """For version control: the base to use instead of what the pattern matches. Default: with an ssh key,
    ssh://git@HOST/ for https://HOST/."""


class HttpProxySpec(Part):
    """A proxy on the way out, for upstream proxies, checksum database and version control over HTTP."""

    url: HttpProxyUrl
    """http://HOST:PORT, without credentials."""
    no_proxy: Annotated[Items[NoProxyEntry], Field(max_length=64, json_schema_extra=SET)] = ()
    """What is reached without it, as in NO_PROXY: hosts, .domains, addresses, ranges."""
    secret_name: SecretRef | None = None
    """A kubernetes.io/basic-auth Secret for the proxy itself."""


class UpstreamSpec(Part):
    """Where modules come from, and how it is known that they are the right ones."""

    goproxy: ChainText | None = None
    """A chain in GOPROXY's syntax, without credentials. Default: what `go env GOPROXY` says where the replica runs."""
    gosumdb: GosumdbText | None = None
    """A checksum database in GOSUMDB's syntax, or off. Default: what `go env GOSUMDB` says where the replica runs."""
    goprivate: Patterns = ()
    """Private modules: fetched from version control, never named to an upstream proxy or a checksum database."""
    gonoproxy: Patterns | None = None
    """Modules never named to an upstream proxy; an empty list is none. Default: goprivate."""
    gonosumdb: Patterns | None = None
    """Modules never named to the checksum database; an empty list is none. Default: goprivate."""
    credentials: Annotated[Items[CredentialSpec], Field(max_length=64, json_schema_extra=ATOMIC)] = ()
    """For version control and upstream proxies alike; of those that match, the longest pattern."""
    allow_private_targets: bool | None = None
    """True: redirects may lead to private addresses, and modules may be fetched directly from them, where neither the
    upstream nor goprivate names the host.
    """
    insecure: Patterns = ()
    """Modules that may be fetched from version control without TLS, as in GOINSECURE; never with a login."""
    trusted_ca_secret_name: SecretRef | None = Field(None, alias="trustedCASecretName")
    """A Secret whose ca.crt is trusted besides the certificates of the image."""
    http_proxy: HttpProxySpec | None = None
    egress_cidrs: Annotated[Items[AddressRange], Field(max_length=64, json_schema_extra=SET)] | None = Field(
        None, alias="egressCIDRs"
    )
    """The only addresses that replicas may connect to, besides name servers, each other and the parent. Default: all
    but link-local ones."""
    timeout: PositiveDuration | None = None
    """Longest wait for a connection, for the first byte, and between two reads. Default: 30s."""
    direct_timeout: PositiveDuration | None = None
    """Longest time that one fetch from version control may take. Default: 5m."""
