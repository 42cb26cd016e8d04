"""A file's text as documents: YAML as Kubernetes reads it. Pure. Errors say where, and quote no value of the file."""

import re
from typing import Any

import yaml

_PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "seq", "map", "merge")}


class DocumentError(ValueError):
    """The file cannot be run: a line for each mistake with where (line or field), what is wrong and what to do."""

    def __init__(self, *mistakes: str) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(mistakes))


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: what looks like a date is text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag in _PLAIN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_documents(text: str) -> list[tuple[int, dict[str, Any]]]:
    """Return the documents that are not empty, each with the number of its first line, or raise `DocumentError`."""
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as e:
        line = text.count("\n", 0, e.position) + 1
        raise DocumentError(f"line {line}: not YAML: a character that may not be in it: remove it") from None
    found: list[tuple[int, dict[str, Any]]] = []
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None or node.tag == "tag:yaml.org,2002:null":
                continue
            _check_node(node, ())
            line = node.start_mark.line + 1
            try:
                document = loader.construct_document(node)
            except (ValueError, KeyError):
                # Values behind !!int, !!float and !!bool raise these.
                raise DocumentError(
                    f"line {line}: below it, a value that is not what its tag says: put text into quotes"
                ) from None
            if not isinstance(document, dict):
                raise DocumentError(f"line {line}: not an object: write apiVersion, kind, metadata and spec")
            found.append((line, document))
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise DocumentError(f"{where}not YAML: {_without_text(e.problem or e.context)}") from None
    finally:
        loader.dispose()
    return found


def _check_node(node: yaml.Node, above: tuple[yaml.Node, ...]) -> None:
    """Refuse what YAML has and JSON lacks. Refuse keys that are written twice, too: YAML would drop one silently."""
    line = node.start_mark.line + 1
    if node.tag not in _PLAIN:
        raise DocumentError(f"line {line}: a tag has no meaning here: remove it, or quote text that begins with !")
    if node in above:
        raise DocumentError(f"line {line}: an anchor that holds itself: write its contents out")
    above = (*above, node)
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_node(item, above)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise DocumentError(
                    f"line {key.start_mark.line + 1}: a key that is no plain word: write a field's name"
                )
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise DocumentError(f"line {key.start_mark.line + 1}: {key.value} is written twice: remove one of them")
            seen.add(key.value)
            _check_node(value, above)


def _without_text(problem: str | None) -> str:
    """Leave out what the parser quotes of the file, such as the name of an alias: the text may belong to a Secret."""
    return re.sub(r""" (["'])(?!<).{3,}\1""", "", problem or "")
