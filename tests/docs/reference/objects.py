"""docs/reference/goproxy.md and goproxyclass.md: every field of the objects, from the models that read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from goproxy_operator.api.class_status import ClassStatus
from goproxy_operator.api.goproxy import API_VERSION, KIND, OBJECT_RULES, PLURAL, SHORT_NAME
from goproxy_operator.api.goproxyclass import CLASS_KIND, CLASS_PLURAL, CLASS_SHORT_NAME, GoProxyClassSpec
from goproxy_operator.api.rule import KEY, validations
from goproxy_operator.api.spec import GoProxySpec
from goproxy_operator.api.status import Status
from tests.docs.reference.table import code, prose, table

_SPEC = "a `spec` as that of a [GoProxy](goproxy.md)"


@dataclass(frozen=True)
class Row:
    """A field, and what refuses a value of it."""

    path: str
    kind: str
    default: str
    text: str
    refusals: tuple[str, ...]


def goproxy() -> str:
    """The page about GoProxy."""
    return _page(
        KIND,
        f"`apiVersion: {API_VERSION}`, `kind: {KIND}`, short name `{SHORT_NAME}` (`kubectl get {PLURAL}`). "
        "It belongs to a namespace. Everything in `spec` is optional; `spec: {}` is a fleet of two.",
        {"spec": GoProxySpec, "status": Status},
        validations(OBJECT_RULES).get(KEY, []),
    )


def goproxyclass() -> str:
    """The page about GoProxyClass."""
    return _page(
        CLASS_KIND,
        f"`apiVersion: {API_VERSION}`, `kind: {CLASS_KIND}`, short name `{CLASS_SHORT_NAME}` "
        f"(`kubectl get {CLASS_PLURAL}`). It belongs to the cluster. [Tenants](../tenants.md) says how it is used.",
        {"spec": GoProxyClassSpec, "status": ClassStatus},
        [],
    )


def _page(kind: str, about: str, models: dict[str, Any], rules: list[dict[str, str]]) -> str:
    parts = [
        f"# {kind}\n\nThis page is generated (`make generate`) from the models that read the object: the API server "
        "refuses what they refuse, with the same words. "
        f"`kubectl explain {kind.lower()}.spec` tells the same.\n\n{about}\n"
    ]
    if rules:
        parts.append(_refused(("", _message(rule)) for rule in rules))
    for root, model in models.items():
        schema = model.model_json_schema(by_alias=True)
        definitions = schema.get("$defs", {})
        rows = list(_rows(root, schema, definitions))
        parts.append(f"## {root}\n")
        own = [row for row in rows if row.path.count(".") == 1]
        parts.append(_fields(own, root))
        refusals = [("", message) for message in _rules(schema)]
        deep = {top.path: _below(top.path, rows) for top in own}
        parts.append(_refused([*refusals, *_refusals([top for top in own if not deep[top.path]])], root))
        for top in own:
            if below := deep[top.path]:
                parts.append(f"### {top.path}\n" + (f"\n{prose(top.text)}\n" if top.text else ""))
                parts.append(_fields(below, top.path))
                parts.append(_refused(_refusals([top, *below]), top.path))
    return "\n".join(part for part in parts if part)


def _below(path: str, rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.path.startswith((f"{path}.", f"{path}[]."))]


def _refusals(rows: list[Row]) -> Iterator[tuple[str, str]]:
    return ((row.path, message) for row in rows for message in row.refusals)


def _fields(rows: list[Row], root: str) -> str:
    cells = [(code(row.path.removeprefix(root).lstrip(".")), row.kind, row.default, prose(row.text)) for row in rows]
    return table(("field", "type", "default", "meaning"), cells)


def _refused(refusals: Iterable[tuple[str, str]], root: str = "") -> str:
    """Return the list of messages, each once, with the fields that it is about."""
    paths: dict[str, list[str]] = {}
    for path, message in refusals:
        paths.setdefault(message, []).append(path.removeprefix(root).lstrip("."))
    lines = [
        f"- {', '.join(code(one) for one in of if one)}{': ' * any(of)}{prose(text)}" for text, of in paths.items()
    ]
    return "What is refused, and with which words:\n\n" + "\n".join(lines) + "\n" if lines else ""


def _resolved(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _resolved(definitions[node["$ref"].rpartition("/")[2]] | rest, definitions)
    if "anyOf" in node:
        (option,) = (option for option in node["anyOf"] if option != {"type": "null"})
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        resolved = _resolved(option, definitions)
        return resolved | rest | {KEY: [*resolved.get(KEY, ()), *rest.get(KEY, ())]}
    return node


def _rows(path: str, node: dict[str, Any], definitions: dict[str, Any]) -> Iterator[Row]:
    required = set(node.get("required", ()))
    for name, written in node.get("properties", {}).items():
        below, found = f"{path}.{name}", _resolved(written, definitions)
        whole = found.get("title") == "GoProxySpec"
        kind = _SPEC if whole else _kind(found, definitions)
        default = "required" if name in required else _default(found)
        yield Row(
            below, kind, default, found.get("description", ""), () if whole else tuple(_all_rules(found, definitions))
        )
        if not whole:
            yield from _rows(*_inside(below, found, definitions), definitions)


def _inside(path: str, node: dict[str, Any], definitions: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    while node.get("type") == "array":
        path, node = f"{path}[]", _resolved(node.get("items", {}), definitions)
    return path, node


def _all_rules(node: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    """Yield what refuses a value, or an entry of it; fields of a section have rows of their own."""
    yield from _rules(node)
    if isinstance(items := node.get("items"), dict):
        yield from _all_rules(_resolved(items, definitions), definitions)


def _rules(node: dict[str, Any]) -> list[str]:
    return [_message(rule) for rule in node.get(KEY, ())]


def _message(rule: dict[str, str]) -> str:
    """Return the words of a refusal, with ... where it names the value."""
    if "message" in rule:
        return rule["message"]
    expression = rule["messageExpression"]
    if formatted := re.fullmatch(r"'(.*)'\.format\(\[.*\]\)", expression):
        return re.sub("%[a-z]", "...", formatted[1])
    texts = _terms(expression)
    return re.sub(r"\.\.\.([./*@]*\.\.\.)+", "...", "".join(text if text is not None else "..." for text in texts))


def _terms(expression: str) -> list[str | None]:
    """Return the terms of a CEL sum: literal texts, and None for every other one."""
    found: list[str | None] = []
    depth, term, quoted = 0, "", False
    for char in [*expression, "+"]:
        if char == "'":
            quoted = not quoted
        depth += 0 if quoted else {"(": 1, ")": -1, "[": 1, "]": -1}.get(char, 0)
        if char == "+" and not quoted and not depth:
            bare = term.strip()
            found.append(bare[1:-1] if re.fullmatch("'[^']*'", bare) else None)
            term = ""
        else:
            term += char
    return found


def _kind(node: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "enum" in node:
        return " or ".join(code(str(value)) for value in node["enum"])
    if "const" in node:
        return code(str(node["const"]))
    if node.get("x-kubernetes-int-or-string"):
        return "quantity"
    kind = node.get("type", "object")
    if kind == "array":
        return f"list of {_kind(_resolved(node.get('items', {}), definitions), definitions)}{_bounds(node)}"
    if kind == "object" and not node.get("properties"):
        values = node.get("additionalProperties")
        return f"map to {_kind(_resolved(values, definitions), definitions)}" if isinstance(values, dict) else "object"
    return f"{kind}{_bounds(node)}"


def _bounds(node: dict[str, Any]) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    if low is not None:
        return f", at least {low}"
    if (most := node.get("maxItems")) is not None:
        return f", at most {most}"
    return ""


def _default(node: dict[str, Any]) -> str:
    value = node.get("default")
    return "" if value is None or isinstance(value, dict) or value == [] else code(json.dumps(value))
