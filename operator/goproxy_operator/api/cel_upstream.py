"""The rules that the API server enforces on where modules come from, in CEL; how they are made says `api.cel`."""

from typing import Any

from goproxy_operator.api.cel import KEY, rule


def _chain_of(entry: str) -> str:
    """Match a chain whose entries all match: one expression, because a loop over a split chain costs too much."""
    return f"self.matches(r'^{entry}([,|]{entry})*$')"


_WORD_OR_URL = r"\s*(|direct|off|[^,|]*[.:/][^,|]*)\s*"
_KNOWN_SCHEME = r"\s*(|https?://[^/,|][^,|]*|file:///[^,|]*|[^,|/:\s][^,|:]*(:[^,|:/][^,|:]*)*)"

CHAIN: dict[str, Any] = {
    KEY: [
        rule(
            "!self.matches('://[^/,|]*@')",
            "credentials do not belong into the URL: remove the user name and the password before the @",
        ),
        rule(r"self.matches(r'[^,|\s]')", "names no proxy: write for example https://goproxy.example.com,direct"),
        rule(
            _chain_of(_WORD_OR_URL),
            "an entry is neither direct, off nor a URL: write for example https://goproxy.example.com,direct",
        ),
        rule(
            _chain_of(_KNOWN_SCHEME),
            "a URL has to start with https://, http:// or file:///: write for example https://goproxy.example.com,direct",
        ),
        rule(
            r"!self.matches(r'[?#]|[^,|\s]\s+[^,|\s]')",
            "a URL has white space, a query or a fragment in it: write only scheme, host and path, and separate "
            "entries with a comma or |",
        ),
    ]
}

_SUMDB_NAME = r"[^\s+]+"
_SUMDB_KEY = r"\+[0-9a-fA-F]{8}\+[A-Za-z0-9+/]{44}"
_SUMDB_KNOWN = r"(sum\.golang\.org|sum\.golang\.google\.cn)"

GOSUMDB: dict[str, Any] = {
    KEY: [
        rule(
            "!self.matches('://[^/]*@')",
            "credentials do not belong into the URL: remove the user name and the password before the @",
        ),
        rule(
            r"self.contains('@') || self.matches(r'^\s*[^\s]+(\s+[^\s]+)?\s*$')",
            expression="'\"' + self + '\" is no checksum database: write NAME, NAME+HASH+KEY, NAME+HASH+KEY URL, or "
            "off'",
        ),
        rule(
            rf"self == 'off' || self.contains('@') || self.contains('+') || self.matches(r'^\s*{_SUMDB_KNOWN}(\s|$)')",
            expression="'the key of \"' + self + '\" is not known: write NAME+HASH+KEY as the database publishes it, "
            "sum.golang.org, or off'",
        ),
        rule(
            "!self.contains('+') || self.contains('@')"
            rf" || self.matches(r'^\s*({_SUMDB_KNOWN}|{_SUMDB_NAME}{_SUMDB_KEY})(\s|$)')",
            expression="'\"' + self + '\" has no verifier key: write NAME+HASH+KEY, as the database publishes it'",
        ),
        rule(
            r"self.contains('@') || !self.matches(r'^\s*[^\s]+\s+[^\s]+\s*$')"
            r" || self.matches(r'\shttps?://[^/?#\s][^?#\s]*\s*$')",
            expression="'\"' + self + '\" has no URL after its key: write one with https:// or http://, without a "
            "query'",
        ),
    ]
}

SECRET_NAME: dict[str, Any] = {
    KEY: [
        rule(
            "self.matches('^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$') && !self.contains('..')",
            expression="'\"' + self + '\" is no name of a Secret: write lower-case letters, digits, dashes and dots, "
            "such as corp-git'",
        )
    ]
}

_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
PROXY_URL = rf"^http://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:{_PORT})?/?$"
"""The one form of an HTTP proxy's URL; RE2 and Python read it alike."""

HTTP_PROXY_URL: dict[str, Any] = {
    KEY: [
        rule(
            "!self.matches('://[^/]*@')",
            "credentials do not belong into the URL: remove what is before the @, and name a Secret with username and "
            "password as httpProxy.secretName",
        ),
        rule(
            f"self.contains('@') || self.matches(r'{PROXY_URL}')",
            expression="'\"' + self + '\" is no HTTP proxy: write http://HOST:PORT, such as http://egress.example.com:3128'",
        ),
    ]
}

NO_PROXY = r"^[^\s,/]+(/[0-9]{1,3})?$"
"""A host, a domain, an address, or a range of addresses."""

NO_PROXY_ENTRY: dict[str, Any] = {
    KEY: [
        rule(
            f"self.matches(r'{NO_PROXY}')",
            expression="'\"' + self + '\" is nothing to reach without the proxy: write one host, domain, address or "
            "range an entry, such as .corp.example.com or 10.0.0.0/8'",
        )
    ]
}
