"""Patterns that can match no module path, although their syntax is good: nobody would notice that they do nothing.

Source of what a module path is: `CheckPath` of golang.org/x/mod/module. The texts below are regular expressions that
mean the same to Python and to RE2, which the API server uses.
"""

import re

NO_LETTER = r"[^A-Za-z0-9._~*?\[\]^\\/-]"
"""A character that stands in no module path, and in no glob of one."""
CAPITAL_HOST = r"^[^/\[\\]*[A-Z]"
"""A capital letter in the first element, outside of classes."""
NO_HOST = r"^[^/.*?\[\\]+(/|$)"
"""A first element without a dot and without a glob."""
BAD_DOTS = r"(^|/)[.]|[.](/|$)"
"""An element that begins or ends with a dot."""


def without_version(pattern: str) -> str:
    """Return what was meant by `golang.org/x/text@v0.14.0`."""
    return pattern.partition("@")[0]


def without_dots(pattern: str) -> str:
    """Return what was meant by `rsc.io/...`, as the go command has it for packages."""
    return pattern.replace("/...", "").replace("...", "*")


def lower_host(pattern: str) -> str:
    """Return what was meant by `GitHub.com/acme`."""
    host, slash, rest = pattern.partition("/")
    return host.lower() + slash + rest


def dead(pattern: str) -> str | None:
    """Return why a pattern of good syntax can match no module path, with what to write instead; None where it can."""
    if "@" in pattern:
        return f"a pattern is for all versions of a module: write {without_version(pattern)}"
    if "..." in pattern:
        return f"a pattern matches all that is below it: write {without_dots(pattern)}"
    if re.search(NO_LETTER, pattern):
        return "it has a character that no module path has"
    if re.search(CAPITAL_HOST, pattern):
        return f"module paths begin in lower case: write {lower_host(pattern)}"
    if re.search(NO_HOST, pattern):
        return "it does not begin with a host, which has a dot"
    if re.search(BAD_DOTS, pattern):
        return "no element of a module path begins or ends with a dot"
    return None
