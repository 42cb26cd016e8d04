"""What somebody wants to know: one module, or one version of it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from modproxy.identity.principal import ANONYMOUS, AuthMethod, Principal
from modproxy.mod.path import PathError, check_path, escape
from modproxy.mod.target import NoSuchTarget, Target, TargetError, parse_target

_MOST_FIELDS = 40
_LONGEST_NAME = 512
"""Characters of the name of a user or a group."""
_MOST_GROUPS = 32
_LATEST = "latest"


class QuestionError(ValueError):
    """The query is no question; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Question:
    """Names what is asked about, and by which target a GET would ask for it."""

    module: str
    version: str
    target: Target | None
    fault: TargetError | NoSuchTarget | None = None
    """Why there is no target, in the words of a GET."""


def fields_of(query: str) -> dict[str, list[str]]:
    """Read a query. Raises `QuestionError`."""
    try:
        return parse_qs(query, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise QuestionError(f"the query is malformed, or has more than {_MOST_FIELDS} fields") from None


def question_of(fields: dict[str, list[str]]) -> Question:
    """Read `module` and `version`. Raises `QuestionError`."""
    modules, versions = fields.get("module", []), fields.get("version", [])
    if len(modules) != 1 or len(versions) > 1:
        raise QuestionError("write one module and at most one version: ?module=example.com/m&version=v1.0.0")
    module, version = modules[0], versions[0] if versions else ""
    if "@" in module and not version:
        module, _, version = module.partition("@")
    return ask(module, version)


def ask(module: str, version: str) -> Question:
    """Make the question about a module, or about a version where one is named. Nothing is refused here."""
    try:
        base = escape(check_path(module))
    except PathError as e:
        return Question(module, version, None, TargetError(str(e)))
    if not version:
        path = f"{base}/@v/list"
    else:
        path = f"{base}/@latest" if version == _LATEST else f"{base}/@v/{escape(version)}.info"
    try:
        return Question(module, version, parse_target(path))
    except (TargetError, NoSuchTarget) as e:
        return Question(module, version, None, e)


def principal_of(fields: dict[str, list[str]]) -> Principal:
    """Read for whom the keepers of the fleet ask: `user` and `group`s; anonymous without. Raises `QuestionError`."""
    users, groups = fields.get("user", []), fields.get("group", [])
    if len(users) > 1 or len(groups) > _MOST_GROUPS or any(len(name) > _LONGEST_NAME for name in users + groups):
        raise QuestionError(f"write one user and at most {_MOST_GROUPS} groups, of {_LONGEST_NAME} characters each")
    if not users and not groups:
        return ANONYMOUS
    name = users[0] if users else ""
    method = AuthMethod.SERVICE_ACCOUNT if name.startswith("system:serviceaccount:") else AuthMethod.OIDC
    return Principal(name, frozenset(groups), method=method)


def in_words(principal: Principal) -> str:
    """Name a principal for people."""
    if principal.method is AuthMethod.ANONYMOUS:
        return "anonymous"
    groups = _list(sorted(principal.groups))
    name = principal.name or "somebody"
    return f"{name}, in {groups}" if groups else name


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_GROUPS])
    return f"{'group' if len(names) == 1 else 'groups'} {shown}" if names else ""
