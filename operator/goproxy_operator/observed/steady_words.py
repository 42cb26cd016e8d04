"""Words of the kubelet, the scheduler and others, as one short line that stays the same while the cause does. Pure.

They say again what they said, with another figure in it: how long a back-off is, how many nodes there are, from which
port a call left. A status that repeated each of these would be written for ever, and would say nothing new.
"""

import re

from modproxy.contract.report_fields import plain_text

WORDS_LENGTH = 320
"""Characters of others' words in a message: a path of an image and a registry's refusal fit in."""
_READ_LENGTH = 4096
"""Characters that are looked at: the kubelet's termination messages are at most so long."""

_ERASED = [
    (re.compile(pattern), by)
    for pattern, by in (
        # 2026-03-04T05:06:07.89Z, 2026-03-04 05:06:07,891, 2026/03/04 05:06:07, and what remains: 05:06:07
        (r"\b\d{4}([-/])\d\d\1\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\s*", ""),
        # E0304 05:06:07.891234 1 main.go:3] no disk
        (r"\b([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ ", r"\1 "),
        (r"(?<![\w:.])\d\d:\d\d:\d\d(?:[.,]\d+)?(?![\w:])", "..."),
        # main.main() /src/main.go:3 +0x1d
        (r"\b0x[0-9a-fA-F]+\b", "0x..."),
        # read udp 10.244.0.3:40235->10.96.0.10:53: i/o timeout
        (r"\b(?:read|write|dial) (?:tcp|udp) \S+?->", "to "),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "..."),
        # A quota's use moves with whatever else is in the namespace: "requested: pods=1, used: pods=4, limited: pods=4"
        (r"used: \S+?(?=, limited:)(?:, limited:)", "limited:"),
        (r"\bback-off (?:\d+(?:\.\d+)?(?:ms|h|m|s))+\b", "back-off"),
        (r"\b(?:\d+(?:\.\d+)?(?:ms|h|m|s)){1,3}\b(?= ago| elapsed| left| remaining)", "some time"),
        (r"\b(?:pid|PID|process|request|trace)[ =:]+(?:[Ii][Dd][ =:]+)?[0-9a-fA-F-]{2,}\b", "..."),
        # Identifiers of containers, sandboxes and requests; a digest of an image is no such thing.
        (r"(?<!sha256:)\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b", "..."),
        (r"\b\d{7,}(?:\.\d+)?\b", "..."),
        (r"\s+", " "),
    )
]
_PULL_WRAPPERS = re.compile(
    r'^(?:Back-off pulling image "[^"]*"|Failed to pull image "[^"]*"|Error: \w+|ErrImagePull|ImagePullBackOff'
    r"|RegistryUnavailable|SignatureValidationFailed|rpc error: code = \w+ desc = )(?:: |(?=rpc )|$|(?<== ))"
)
_NODES = re.compile(r"^\d+/\d+ nodes are available: ")
_PREEMPTION = re.compile(r"(?:preemption: |no new claims to deallocate).*$", re.DOTALL)


def steady(text: str) -> str:
    """Return the text as one line of at most `WORDS_LENGTH` characters, without the figures that move."""
    text = text[:_READ_LENGTH]
    for pattern, by in _ERASED:
        text = pattern.sub(by, text)
    shown = plain_text(text.strip())
    return shown if len(shown) <= WORDS_LENGTH else shown[: WORDS_LENGTH - 3] + "..."


def last_line(text: str) -> str:
    """Return the last line that says something: a log ends with the reason of the end."""
    lines = [line for line in text[-_READ_LENGTH:].splitlines() if line.strip()]
    return steady(lines[-1]) if lines else ""


def pull_failure(text: str) -> str:
    """Return why an image is not pulled, "" where the words say only that it is not.

    While it waits the kubelet says so in the words of its back-off; from Kubernetes 1.32 on it adds the failure to
    them. Each of its ways of saying it ends with the words of the container runtime, and these alone are kept.
    """
    text = text[:_READ_LENGTH]
    while (inner := _PULL_WRAPPERS.sub("", text, count=1)) != text:
        text = inner
    return steady(text)


def scheduling_failure(text: str) -> str:
    """Return why no node takes a pod, without how many nodes say what: these numbers move while the cause stays."""
    text = text[:_READ_LENGTH]
    if not _NODES.match(text):
        return steady(text)
    told = _PREEMPTION.sub("", _NODES.sub("", text)).rstrip(". \n")
    # A taint is written in braces, which may hold anything but a brace.
    clauses = {re.sub(r"^\d+ ", "", clause.strip()) for clause in re.split(r", (?=\d+ )", told)}
    return steady(f"no node fits: {', '.join(sorted(filter(None, clauses)))}")
