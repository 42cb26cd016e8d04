"""The check of small answers: `.info`, `.mod`, list, `@latest`. Pure.

Source of the rules: "GOPROXY protocol" of the Go Modules Reference, and what cmd/go/internal/modfetch does with an
answer.
"""

import re
from collections.abc import Sequence
from typing import Any

from modproxy.mod.gotime import is_go_time
from modproxy.mod.strict_json import read_strictly
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import VersionError, check_version, is_pseudo, parse_semver
from modproxy.quoting import quoted

LARGEST_MOD = 16 << 20
"""In bytes: the go command's limit for a go.mod file (`MaxGoMod` of golang.org/x/mod/zip)."""
_LARGEST_INFO = 128 << 10
"""In bytes: a hundred times what an `.info` with an Origin has. JSON of this size is read in two milliseconds."""
_LARGEST_LIST = 1 << 20
"""In bytes: 80,000 versions, far more than any module has."""
_NAMES_OF_ORIGIN = ("VCS", "URL", "Subdir", "Hash", "TagPrefix", "TagSum", "Ref", "RepoSum")
"""The fields of `Origin` of cmd/go/internal/modfetch/codehost, which are all strings."""

_MODULE_DIRECTIVE = re.compile(rb"^[ \t]*module(?:[ \t]*\(|[ \t]+\S|[ \t]*[\"`])", re.MULTILINE)


class AnswerError(ValueError):
    """The answer does not fit its target; the message says what is wrong."""


def largest_answer(kind: Kind) -> int:
    """Return how many bytes a small answer of a module proxy may have."""
    if kind is Kind.MOD:
        return LARGEST_MOD
    return _LARGEST_LIST if kind is Kind.LIST else _LARGEST_INFO


def check_answer(target: Target, body: bytes) -> bytes:
    """Check a small answer, and return the bytes to store: the same bytes, except for a list, which is tidied.

    Raises `AnswerError`.
    """
    if len(body) > largest_answer(target.kind):
        raise AnswerError(f"larger than {largest_answer(target.kind)} bytes")
    if target.kind is Kind.LIST:
        return _tidy_list(body)
    if target.kind is Kind.MOD:
        if not _MODULE_DIRECTIVE.search(body):
            raise AnswerError("not a go.mod file: it has no module directive")
        return body
    _check_info(target, body)
    return body


def _check_info(target: Target, body: bytes) -> None:
    info = _read_info(body)
    version = info.get("Version")
    if not isinstance(version, str):
        raise AnswerError('not a JSON object with a "Version"')
    if target.kind is Kind.INFO and version != target.version:
        raise AnswerError(f"names version {quoted(version, 100)} instead of the one asked for")
    try:
        check_version(target.path, version)
    except VersionError as e:
        raise AnswerError(f"names a version that the module cannot have: {quoted(str(e))}") from None
    time = info.get("Time")
    # Go reads the text between the quotes as it is, without its escapes, so the time has to be in the body as it is.
    if time is not None and not (isinstance(time, str) and is_go_time(time) and f'"{time}"'.encode() in body):
        raise AnswerError('has a "Time" that the go command cannot read: it is no RFC 3339 time')
    _check_origin(info.get("Origin"))


def _check_origin(origin: object) -> None:
    if origin is None:
        return
    if not isinstance(origin, dict) or any(
        not isinstance(origin.get(name, ""), str | None) for name in _NAMES_OF_ORIGIN
    ):
        raise AnswerError('has an "Origin" that the go command cannot read')
    _refuse_look_alikes(origin, _NAMES_OF_ORIGIN)


def _read_info(body: bytes) -> dict[str, Any]:
    """Read an `.info` as `RevInfo` of cmd/go/internal/modfetch is read by encoding/json. Raises `AnswerError`."""
    try:
        # Python's reader would take UTF-16 and a byte order mark, which Go's does not.
        info = read_strictly(body.decode())
    except ValueError:
        if body.lstrip().startswith(b"<"):
            raise AnswerError(
                "HTML in place of JSON: what answers is no module proxy, but for example the login page of a network"
            ) from None
        raise AnswerError("not JSON, or nested too deeply, or with a key twice") from None
    if not isinstance(info, dict):
        raise AnswerError('not a JSON object with a "Version"')
    _refuse_look_alikes(info, ("Version", "Time", "Origin"))
    return info


def _refuse_look_alikes(found: dict[str, Any], names: Sequence[str]) -> None:
    """Refuse keys that encoding/json takes for one of `names`, because it ignores the case of letters."""
    known = {name.casefold() for name in names}
    if any(key not in names and key.casefold() in known for key in found):
        raise AnswerError("has a key in another case than the go command writes it")


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
