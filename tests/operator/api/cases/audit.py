"""`spec.audit`: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, schema


def receiver(url: str, index: str = "goproxy-audit", **more: str) -> dict[str, Any]:
    return {"audit": {"elasticsearch": {"url": url, "index": index, **more}}}


_URL, _INDEX = "spec.audit.elasticsearch.url", "spec.audit.elasticsearch.index"
_NO_URL = "is no receiver of audit records: write https://HOST[:PORT], perhaps with a path, without a query"
_NO_INDEX = "is no name of an index: write lower-case letters, digits, dashes, dots and underscores, such as"

REFUSED: list[Case] = [
    both(receiver("https://u:p@es.example.com"), "credentials do not belong into the URL", _URL),
    *(
        both(receiver(url), _NO_URL, _URL)
        for url in (
            "es.example.com",
            "ftp://es.example.com",
            "https://",
            "https://es.example.com/?pretty",
            "https://es.example.com/#a",
            "https://es.example.com:http",
            "https://es example.com",
        )
    ),
    both(receiver(f"https://{'a' * 64}.example.com"), "a host name has two dots in a row", _URL),
    *(
        both(receiver("https://es.example.com", index), _NO_INDEX, _INDEX)
        for index in ("Audit", "-audit", "_audit", "a*b", "a,b", "a b", "a/b", "..", ".audit", "a#b", "a:b")
    ),
    both(
        receiver("http://es.example.com", secretName="es"),
        "a login is not sent over plain http: write an https:// URL, or remove secretName",
        "spec.audit.elasticsearch",
    ),
    both(receiver("https://es.example.com", secretName="../a"), '"../a" is no name of', f"{_URL[:-3]}secretName"),
    schema(
        {"audit": {"to": ["Syslog"]}},
        server='Unsupported value: "Syslog": supported values: "Stdout", "File"',
        models="Input should be 'Stdout' or 'File'",
        path="spec.audit.to[0]",
    ),
]
ACCEPTED: list[dict[str, Any]] = [
    {"audit": {}},
    {"audit": {"enabled": False}},
    {"audit": {"to": ["Stdout", "File"]}},
    receiver("http://es.logging.svc:9200", "a"),
    receiver("https://es.example.com/prefix", "logs-goproxy-audit", secretName="es"),
    receiver("https://[2001:db8::1]:9200", "a.b_c-1"),
]
