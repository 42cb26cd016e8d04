"""`spec.upstream`: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, models_only, schema

_NO_HOST = "a host name has two dots in a row, or more than 63 characters between two dots"
_LONG = "a" * 64
_UNICODE = "\u00e4" * 62
"""Short enough as it is written, and too long as it is looked up."""

REFUSED: list[Case] = [
    *(
        both(
            {"upstream": {"egressCIDRs": [text]}},
            "is no range of addresses: write its first address and its length",
            "spec.upstream.egressCIDRs[0]",
        )
        for text in (
            "10.20.0.1/16",
            "10.20.0.0",
            "10.20.0.0/33",
            "10.20.0.0/016",
            "2001:db8::1/32",
            "fe80::%25eth0/64",
            "::ffff:10.0.0.0/104",
            "goproxy.example.com",
            "",
        )
    ),
    *(
        both({"upstream": {"goproxy": url}}, _NO_HOST, "spec.upstream.goproxy")
        for url in (
            f"https://{_LONG}.example.com",
            f"https://goproxy.example.com,http://sub.{_LONG}:8080/go",
            f"direct|https://{_LONG}/a",
            f"  {_LONG}.example.com/go",
            "https://goproxy..example.com",
        )
    ),
    models_only({"upstream": {"goproxy": f"https://{_UNICODE}.example.com"}}, _NO_HOST, "spec.upstream.goproxy"),
    both({"upstream": {"gosumdb": f"sum.golang.org https://{_LONG}.example.com"}}, _NO_HOST, "spec.upstream.gosumdb"),
    both(
        {"upstream": {"httpProxy": {"url": f"http://{_LONG}.example.com:3128"}}},
        _NO_HOST,
        "spec.upstream.httpProxy.url",
    ),
    both(
        {"upstream": {"goproxy": "https://me:secret@goproxy.example.com"}},
        "credentials do not belong into the URL: remove the user name and the password before the @",
        "spec.upstream.goproxy",
    ),
    both(
        {"upstream": {"goproxy": " , "}},
        "names no proxy: write for example https://goproxy.example.com,direct",
        "spec.upstream.goproxy",
    ),
    both(
        {"upstream": {"goproxy": "https://goproxy.example.com,driect"}},
        "an entry is neither direct, off nor a URL: write for example https://goproxy.example.com,direct",
        "spec.upstream.goproxy",
    ),
    both(
        {"upstream": {"goproxy": "ftp://goproxy.example.com"}},
        "a URL has to start with https://, http:// or file:///",
        "spec.upstream.goproxy",
    ),
    both(
        {"upstream": {"goproxy": "https://goproxy.example.com?x=1"}},
        "a URL has white space, a query or a fragment in it",
        "spec.upstream.goproxy",
    ),
    both(
        {"upstream": {"goproxy": "https://a.example.com https://b.example.com"}},
        "separate entries with a comma or |",
        "spec.upstream.goproxy",
    ),
    both(
        {"upstream": {"timeout": "30"}},
        '"30" is not a duration: write for example 30s, 5m or 72h (a day is 24h)',
        "spec.upstream.timeout",
    ),
    both(
        {"upstream": {"timeout": "0s"}}, "must be longer than nothing: write for example 30s", "spec.upstream.timeout"
    ),
    both(
        {"upstream": {"directTimeout": "0m"}},
        "must be longer than nothing: write for example 30s",
        "spec.upstream.directTimeout",
    ),
    both(
        {"upstream": {"gosumdb": "sum.example.com"}},
        'the key of "sum.example.com" is not known: write NAME+HASH+KEY as the database publishes it, sum.golang.org',
        "spec.upstream.gosumdb",
    ),
    both(
        {"upstream": {"gosumdb": "sum.example.com+key"}},
        '"sum.example.com+key" has no verifier key: write NAME+HASH+KEY, as the database publishes it',
        "spec.upstream.gosumdb",
    ),
    both(
        {"upstream": {"gosumdb": "sum.golang.org sum.example.com"}},
        '"sum.golang.org sum.example.com" has no URL after its key: write one with https:// or http://, without a',
        "spec.upstream.gosumdb",
    ),
    both(
        {"upstream": {"gosumdb": "a b c"}},
        '"a b c" is no checksum database: write NAME, NAME+HASH+KEY, NAME+HASH+KEY URL',
        "spec.upstream.gosumdb",
    ),
    both(
        {"upstream": {"gosumdb": ""}},
        '"" is no checksum database: write NAME, NAME+HASH+KEY, NAME+HASH+KEY URL, or off',
        "spec.upstream.gosumdb",
    ),
    both(
        {"upstream": {"gosumdb": "sum.golang.org https://me:secret@sum.example.com"}},
        "credentials do not belong into the URL: remove the user name and the password before the @",
        "spec.upstream.gosumdb",
    ),
    both(
        {"upstream": {"goprivate": ["https://git.example.com"]}},
        '"https://git.example.com" is a URL: write the module path',
        "spec.upstream.goprivate[0]",
    ),
    both(
        {"upstream": {"gonoproxy": ["a,b"]}},
        '"a,b" has white space or a comma: write one pattern an entry',
        "spec.upstream.gonoproxy[0]",
    ),
    both({"upstream": {"gonosumdb": ["/a"]}}, '"/a" has an empty path element', "spec.upstream.gonosumdb[0]"),
    both(
        {"upstream": {"credentials": [{"pattern": "git.example.com/a b", "secretName": "x"}]}},
        '"git.example.com/a b" is no place of a URL: write HOST, HOST:PORT or HOST/PATH',
        "spec.upstream.credentials[0].pattern",
    ),
    *(
        both(
            {"upstream": {"credentials": [{"pattern": pattern, "secretName": "x"}]}},
            "is no place of a URL: write HOST, HOST:PORT or HOST/PATH in the letters of a URL, the host in lower case",
            "spec.upstream.credentials[0].pattern",
        )
        for pattern in ("Git.example.com", "git.example.com:65536", 'a"][core]sshCommand=id #', "a'$(id)'", "a.b/[")
    ),
    *(
        both(
            {"upstream": {"credentials": [{"pattern": pattern, "secretName": "x"}]}},
            "has a scheme or a user: write HOST, HOST:PORT or HOST/PATH",
            "spec.upstream.credentials[0].pattern",
        )
        for pattern in ("https://git.example.com", "git@git.example.com", "git@git.example.com/a")
    ),
    both(
        {"upstream": {"credentials": [{"pattern": "", "secretName": "x"}]}},
        "an empty pattern: write a host, or a host with a path, such as git.corp.example.com/platform",
        "spec.upstream.credentials[0].pattern",
    ),
    *(
        both(
            {"upstream": {"credentials": [{"pattern": "git.example.com", "secretName": "x", "url": url}]}},
            "is no base of repositories: write https://HOST[:PORT]/PATH or ssh://USER@HOST[:PORT]/PATH, such as",
            "spec.upstream.credentials[0].url",
        )
        for url in ("http://git.example.com/", "https://me:pw@git.example.com/", "ssh://-oProxyCommand=id/x", "ext::id")
    ),
    both(
        {"upstream": {"insecure": ["https://git.example.com"]}},
        '"https://git.example.com" is a URL: write the module path',
        "spec.upstream.insecure[0]",
    ),
    both(
        {"upstream": {"credentials": [{"pattern": "git.example.com", "secretName": "../other"}]}},
        '"../other" is no name of a Secret: write lower-case letters, digits, dashes and dots, such as corp-git',
        "spec.upstream.credentials[0].secretName",
    ),
    schema(
        {"upstream": {"credentials": [{"pattern": "git.example.com"}]}},
        server="credentials[0].secretName: Required value",
        models="Field required",
        path="spec.upstream.credentials[0].secretName",
    ),
    both(
        {"upstream": {"trustedCASecretName": "Corp_CA"}},
        '"Corp_CA" is no name of a Secret',
        "spec.upstream.trustedCASecretName",
    ),
    both(
        {"upstream": {"httpProxy": {"url": "https://egress.example.com:3128"}}},
        '"https://egress.example.com:3128" is no HTTP proxy: write http://HOST:PORT, such as http://egress.example.com:',
        "spec.upstream.httpProxy.url",
    ),
    both(
        {"upstream": {"httpProxy": {"url": "http://egress.example.com:99999"}}},
        "is no HTTP proxy: write http://HOST:PORT",
        "spec.upstream.httpProxy.url",
    ),
    both(
        {"upstream": {"httpProxy": {"url": "http://me:secret@egress.example.com"}}},
        "remove what is before the @, and name a Secret with username and password as httpProxy.secretName",
        "spec.upstream.httpProxy.url",
    ),
    both(
        {"upstream": {"httpProxy": {"url": "http://a.example.com", "noProxy": ["a.example.com, b.example.com"]}}},
        '"a.example.com, b.example.com" is nothing to reach without the proxy: write one host, domain, address',
        "spec.upstream.httpProxy.noProxy[0]",
    ),
    both(
        {"upstream": {"goproxy": "https://u:p@goproxy.example.com"}},
        "credentials do not belong into the URL",
        "spec.upstream.goproxy",
    ),
    both(
        {"upstream": {"goproxy": "ftp://goproxy.example.com"}},
        "a URL has to start with https://, http:// or file:///: write for example https://goproxy.example.com,direct",
        "spec.upstream.goproxy",
    ),
    both({"upstream": {"timeout": "0s"}}, "must be longer than nothing", "spec.upstream.timeout"),
    both(
        {"upstream": {"gosumdb": "sum.example.com"}},
        'the key of "sum.example.com" is not known',
        "spec.upstream.gosumdb",
    ),
    models_only(
        {"upstream": {"gosumdb": "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn9"}},
        "does not agree with itself",
        "spec.upstream.gosumdb",
    ),
    both(
        {"upstream": {"gosumdb": "sum.golang.org https://u:p@a"}},
        "credentials do not belong into the URL",
        "spec.upstream.gosumdb",
    ),
    both(
        {"upstream": {"gosumdb": "sum.golang.org https://a?b"}},
        "has no URL after its key: write one with https://",
        "spec.upstream.gosumdb",
    ),
    models_only({"upstream": {"gonoproxy": ["[z-a]"]}}, "'[z-a]' has the range", "spec.upstream.gonoproxy[0]"),
    both(
        {"upstream": {"trustedCASecretName": "a..b"}},
        '"a..b" is no name of a Secret',
        "spec.upstream.trustedCASecretName",
    ),
    schema(
        {"upstream": {"credentials": [{"pattern": "a.b"}]}},
        server="credentials[0].secretName: Required value",
        models="Field required",
        path="spec.upstream.credentials[0].secretName",
    ),
    both(
        {"upstream": {"httpProxy": {"url": "a:3128"}}},
        '"a:3128" is no HTTP proxy: write',
        "spec.upstream.httpProxy.url",
    ),
    both(
        {"upstream": {"httpProxy": {"url": "http://u:p@a"}}},
        "credentials do not belong into the URL: remove what is",
        "spec.upstream.httpProxy.url",
    ),
    both(
        {"upstream": {"httpProxy": {"url": "http://a", "noProxy": ["a b"]}}},
        '"a b" is nothing to reach without the',
        "spec.upstream.httpProxy.noProxy[0]",
    ),
]
ACCEPTED: list[dict[str, Any]] = [
    {"upstream": {"egressCIDRs": ["10.20.0.0/16", "192.0.2.7/32", "2001:DB8::/32", "::/0", "0.0.0.0/0"]}},
    {"upstream": {"egressCIDRs": []}},
    {"upstream": {"goproxy": f"https://{'a' * 63}.example.com/{'b' * 64}/..,https://[fe80::1]:8080/{'c' * 99}"}},
    {"upstream": {"goproxy": f"https://{chr(0xE4) * 20}.example.com/go"}},
    {"upstream": {"gosumdb": f"{'d' * 63}.example.com+d52723ec+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"}},
    {"upstream": {"httpProxy": {"url": "http://[fd00::1]:3128"}}},
    {"upstream": {"goproxy": "https://goproxy.example.com:8443/go|http://10.0.0.1:3000,direct"}},
    {"upstream": {"goproxy": "goproxy.example.com, goproxy.example.com:8080/go,off"}},
    {"upstream": {"goproxy": "file:///srv/modules"}},
    {"upstream": {"goproxy": "direct", "directTimeout": "1h"}},
    {"upstream": {"gosumdb": "off", "gonoproxy": [], "gonosumdb": []}},
    {"upstream": {"gosumdb": "sum.golang.google.cn"}},
    {"upstream": {"allowPrivateTargets": True}},
    {"upstream": {"gosumdb": "localhost.localdev/sumdb+00000c67+AcTrnkbUA+TU4heY3hkjiSES/DSQniBqIeQ/YppAUtK6"}},
    {"upstream": {"gosumdb": "sum.golang.org http://sums.example.com:8080/a+b"}},
    {"upstream": {"gosumdb": "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"}},
    {
        "upstream": {
            "gosumdb": "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8 https://sums.example.com/"
        }
    },
    {
        "upstream": {
            "goprivate": ["*.corp.example.com"],
            "credentials": [
                {"pattern": "git.corp.example.com/team-?", "secretName": "corp-git"},
                {"pattern": "git.corp.example.com/team-?", "secretName": "corp-git.ssh"},
                {"pattern": "*.corp.example.com:8443/v[0-9]/~me/a+b@c%20/", "secretName": "corp-git"},
                {"pattern": "git", "secretName": "corp-git.ssh", "url": "ssh://git@git.corp.example.com:7999/"},
                {
                    "pattern": "git.corp.example.com/scm",
                    "secretName": "corp-git",
                    "url": "https://git-2.example.com/~x",
                },
                {"pattern": "g.example.com", "secretName": "corp-git.ssh", "url": "ssh://git.example.com"},
            ],
            "insecure": ["git.lab.example.com", "*.lab.example.com/a"],
            "trustedCASecretName": "corp-ca",
            "httpProxy": {
                "url": "http://[fd00::1]:3128/",
                "noProxy": [".corp.example.com", "10.0.0.0/8", "fd00::/8", "*", "::1"],
                "secretName": "egress",
            },
        }
    },
]
