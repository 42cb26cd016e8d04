"""The check of small answers: `.info`, `.mod`, list, `@latest`. Pure.

Source of the rules: "GOPROXY protocol" of the Go Modules Reference, and what cmd/go/internal/modfetch does with an
answer.
"""

import json
import re

from modproxy.mod.target import Kind, Target
from modproxy.mod.version import VersionError, check_version, is_pseudo, parse_semver

LONGEST_SMALL_ANSWER = 16 << 20
"""In bytes: the go command's limit for a go.mod file (`MaxGoMod` of golang.org/x/mod/zip), and far more than the other
small answers have.
"""

_MODULE_DIRECTIVE = re.compile(rb"^[ \t]*module(?:[ \t]*\(|[ \t]+\S|[ \t]*[\"`])", re.MULTILINE)


class AnswerError(ValueError):
    """The answer does not fit its target; the message says what is wrong."""


def check_answer(target: Target, body: bytes) -> bytes:
    """Check a small answer, and return the bytes to store: the same bytes, except for a list, which is tidied.

    Raises `AnswerError`.
    """
    if len(body) > LONGEST_SMALL_ANSWER:
        raise AnswerError(f"larger than {LONGEST_SMALL_ANSWER} bytes")
    if target.kind is Kind.LIST:
        return _tidy_list(body)
    if target.kind is Kind.MOD:
        if not _MODULE_DIRECTIVE.search(body):
            raise AnswerError("not a go.mod file: it has no module directive")
        return body
    _check_info(target, body)
    return body


def _check_info(target: Target, body: bytes) -> None:
    try:
        info = json.loads(body)
    except ValueError:
        raise AnswerError("not JSON") from None
    version = info.get("Version") if isinstance(info, dict) else None
    if not isinstance(version, str):
        raise AnswerError('not a JSON object with a "Version"')
    if target.kind is Kind.INFO and version != target.version:
        raise AnswerError(f"names version {version[:100]!r} instead of the one asked for")
    try:
        check_version(target.path, version)
    except VersionError as e:
        raise AnswerError(f"names a version that the module cannot have: {e}") from None


def _tidy_list(body: bytes) -> bytes:
    """Return one version a line, without pseudo-versions, with a final newline.

    The go command ignores lines without a version, but a body that has only such lines is not a list.
    """
    try:
        lines = body.decode().split("\n")
    except UnicodeDecodeError:
        raise AnswerError("not text") from None
    first_words = [words[0] for line in lines if (words := line.split())]
    versions = [word for word in first_words if parse_semver(word)]
    if first_words and not versions:
        raise AnswerError("not a list of versions")
    return "".join(f"{version}\n" for version in versions if not is_pseudo(version)).encode()
