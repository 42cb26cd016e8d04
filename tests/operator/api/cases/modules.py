"""`spec.modules`: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, models_only, schema

REFUSED: list[Case] = [
    both(
        {"modules": {"allow": ["https://github.com/acme"]}},
        '"https://github.com/acme" is a URL: write the module path without a scheme, such as github.com/acme',
        "spec.modules.allow[0]",
    ),
    both(
        {"modules": {"deny": ["github.com/evil, github.com/worse"]}},
        '"github.com/evil, github.com/worse" has white space or a comma: write one pattern an entry',
        "spec.modules.deny[0]",
    ),
    both(
        {"modules": {"deny": ["/evil"]}},
        '"/evil" has an empty path element: write elements separated by single slashes',
        "spec.modules.deny[0]",
    ),
    both({"modules": {"deny": ["a//b"]}}, '"a//b" has an empty path element', "spec.modules.deny[0]"),
    both(
        {"modules": {"allow": ["v[0-9"]}},
        '"v[0-9" has a [ without its ], an empty class, or ends in a backslash',
        "spec.modules.allow[0]",
    ),
    both(
        {"modules": {"allow": [""]}},
        "an empty pattern: write a module path or a glob such as github.com/acme",
        "spec.modules.allow[0]",
    ),
    both(
        {"modules": {"allowlistConfigMapName": "a,metadata.name!=b"}},
        '"a,metadata.name!=b" is no name of an object: write',
        "spec.modules.allowlistConfigMapName",
    ),
    both(
        {"modules": {"contact": "a\nb"}},
        "has a line break or another control character: write one line",
        "spec.modules.contact",
    ),
    schema(
        {"modules": {"mode": "Maybe"}},
        server='Unsupported value: "Maybe": supported values: "Enforce", "DryRun"',
        models="Input should be 'Enforce' or 'DryRun'",
        path="spec.modules.mode",
    ),
    both(
        {"modules": {"allowlistConfigMapName": "../a"}},
        '"../a" is no name of an',
        "spec.modules.allowlistConfigMapName",
    ),
    both({"modules": {"contact": "a\nb"}}, "has a line break or another control character", "spec.modules.contact"),
    models_only({"modules": {"deny": ["a.example", "[z-a]"]}}, "'[z-a]' has the range", "spec.modules.deny[1]"),
    both(
        {"modules": {"allow": ["golang.org/x/text@v0.14.0"]}},
        '"golang.org/x/text@v0.14.0" has a version, and a pattern is for all versions of a module: write '
        "golang.org/x/text",
        "spec.modules.allow[0]",
    ),
    both(
        {"modules": {"deny": ["rsc.io/..."]}},
        '"rsc.io/..." has three dots, which no module path has; a pattern matches all that is below it: write rsc.io',
        "spec.modules.deny[0]",
    ),
    both({"modules": {"allow": ["..."]}}, "a pattern matches all that is below it: write *", "spec.modules.allow[0]"),
    both(
        {"modules": {"deny": ["git.example.com:8443/team"]}},
        '"git.example.com:8443/team" has a character that no module path has: write the letters of ASCII',
        "spec.modules.deny[0]",
    ),
    both(
        {"modules": {"allow": ["GitHub.com/Azure"]}},
        '"GitHub.com/Azure" begins with a host in capital letters, and module paths begin in lower case: write '
        "github.com/Azure",
        "spec.modules.allow[0]",
    ),
    both(
        {"upstream": {"goprivate": ["corp/platform"]}},
        '"corp/platform" does not begin with a host, which has a dot: write for example github.com/acme',
        "spec.upstream.goprivate[0]",
    ),
    both(
        {"upstream": {"gonosumdb": [".corp.example.com"]}},
        '".corp.example.com" has an element that begins or ends with a dot, which no module path has: write',
        "spec.upstream.gonosumdb[0]",
    ),
    both(
        {"modules": {"minimumAge": "3 days"}},
        '"3 days" is not a duration: write for example 30s, 5m or 72h (a day is 24h)',
        "spec.modules.minimumAge",
    ),
    both({"modules": {"minimumAge": "0s"}}, "must be longer than nothing", "spec.modules.minimumAge"),
    both(
        {"modules": {"minimumAgeExclude": ["GitHub.com/acme"]}},
        '"GitHub.com/acme" begins with a host in capital letters',
        "spec.modules.minimumAgeExclude[0]",
    ),
    both(
        {"modules": {"vulnerabilities": {"except": ["CVE-2024-1234"]}}},
        '"CVE-2024-1234" is no entry of the Go vulnerability database: write for example GO-2024-1234',
        "spec.modules.vulnerabilities.except[0]",
    ),
    both(
        {"modules": {"vulnerabilities": {"except": ["GO-2024-1234/../x"]}}},
        "is no entry of the Go vulnerability database",
        "spec.modules.vulnerabilities.except[0]",
    ),
    both(
        {"modules": {"vulnerabilities": {"url": "vuln.example.com"}}},
        '"vuln.example.com" is no vulnerability database: write https://HOST/PATH',
        "spec.modules.vulnerabilities.url",
    ),
    both(
        {"modules": {"vulnerabilities": {"url": "https://a:b@vuln.example.com"}}},
        "is no vulnerability database",
        "spec.modules.vulnerabilities.url",
    ),
    both(
        {"modules": {"licenses": {"deny": ["GPL 3"]}}},
        '"GPL 3" is no SPDX identifier of a licence: write for example MIT or Apache-2.0',
        "spec.modules.licenses.deny[0]",
    ),
    schema(
        {"modules": {"vulnerabilities": {"unfixed": "No"}}},
        server='Unsupported value: "No": supported values: "Allow", "Deny"',
        models="Input should be 'Allow' or 'Deny'",
        path="spec.modules.vulnerabilities.unfixed",
    ),
]
ACCEPTED: list[dict[str, Any]] = [
    {"modules": {"licenses": {"allow": ["MIT", "BSD-3-Clause"], "unknown": "Deny", "mode": "Enforce"}}},
    {
        "modules": {
            "minimumAge": "72h",
            "minimumAgeExclude": ["github.com/acme"],
            "minimumAgeMode": "DryRun",
            "denyVulnerable": True,
            "vulnerabilities": {
                "url": "https://vuln.example.com",
                "except": ["GO-2024-1234"],
                "unreviewed": "Deny",
                "unfixed": "Allow",
                "mode": "Enforce",
            },
        }
    },
    {"modules": {"vulnerabilities": {"url": "file:///var/lib/vulndb"}}},
    {"modules": {"contact": "#go-modules, or ext. 4711 (Zürich)"}},
    {"modules": {"allow": ["*.corp.example.com", "github.com/acme/", "a\\*b", "v[0-9a-f]/x", "[^a-z]?"]}},
]
