"""A file's text as documents: YAML as Kubernetes reads it. Pure. Errors say where, and quote no value of the file."""

import re
from typing import Any

import yaml

_MOST_VALUES = 100_000
"""Of all documents of a file, each alias counted as what it stands for: some hundred times what a large fleet needs. A
few lines of aliases of aliases stand for more values than any machine can hold."""
_DEEPEST = 100
"""Levels of one value in another: far more than the object has, and few enough for the parser's own recursion."""
_TOO_DEEP = f"values lie in one another deeper than {_DEEPEST} levels: write them flatter"
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
    count = _Count()
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None or node.tag == "tag:yaml.org,2002:null":
                continue
            _check_node(node, (), count)
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
        raise DocumentError(f"{where}not YAML: {_without_text(e.problem or e.context)}{_beginning(e)}") from None
    except RecursionError:
        raise DocumentError(_TOO_DEEP) from None
    finally:
        loader.dispose()
    return found


class _Count:
    """Counts the values of a file."""

    def __init__(self) -> None:
        self._values = 0

    def one_more(self, line: int) -> None:
        """Raise `DocumentError` where there are too many."""
        self._values += 1
        if self._values > _MOST_VALUES:
            raise DocumentError(
                f"line {line}: more than {_MOST_VALUES} values up to here, each alias (*name) counted as all it "
                "stands for: write fewer"
            )


def _check_node(node: yaml.Node, above: tuple[yaml.Node, ...], count: _Count) -> None:
    """Refuse what YAML has and JSON lacks. Refuse keys that are written twice, too: YAML would drop one silently."""
    line = node.start_mark.line + 1
    count.one_more(line)
    if len(above) > _DEEPEST:
        raise DocumentError(f"line {line}: {_TOO_DEEP}")
    if node.tag not in _PLAIN:
        raise DocumentError(f"line {line}: a tag has no meaning here: remove it, or quote text that begins with !")
    if node in above:
        raise DocumentError(f"line {line}: an anchor that holds itself: write its contents out")
    above = (*above, node)
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_node(item, above, count)
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
            _check_node(value, above, count)


def _beginning(error: yaml.MarkedYAMLError) -> str:
    """Say where begins what has no end: the place of the mistake itself is often the next line, or the file's end."""
    start, end = error.context_mark, error.problem_mark
    if start is None or end is None or start.line == end.line:
        return ""
    return f"; it belongs to what begins at line {start.line + 1}, column {start.column + 1}"


def _without_text(problem: str | None) -> str:
    """Leave out what the parser quotes of the file, such as the name of an alias: the text may belong to a Secret.

    What the parser itself expected, such as ',' or '}', stays.
    """
    return re.sub(r""" (["'])(?!<)[^"']{3,}\1""", "", problem or "")
