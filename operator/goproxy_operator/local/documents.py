"""What a file asks for: one `GoProxy`, and the ConfigMaps beside it. Pure: text in, values out."""

from dataclasses import dataclass
from typing import Any

import yaml

from goproxy_operator.api.goproxy import API_VERSION, KIND, GoProxy, InvalidGoProxyError, parse_goproxy
from goproxy_operator.desired.autoscaler import least_replicas
from goproxy_operator.desired.stateful_set import DEFAULT_REPLICAS
from modproxy.mod.pattern import PatternError, parse_lines

ALLOWLIST_KEY = "modules"
_PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "seq", "map", "merge")}


class DocumentError(ValueError):
    """The file cannot be run: one line with where (line or field), what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Documents:
    """A file, read. `allowlist` is the text of the ConfigMap that the object names: None when it names none, or when
    that one is missing, which `allowlist_missing` tells apart.
    """

    goproxy: GoProxy
    allowlist: str | None = None
    allowlist_missing: bool = False

    @property
    def replicas(self) -> int:
        """How many the fleet has: of a range its lower end, because nothing scales it here."""
        spec = self.goproxy.spec
        if spec.autoscaling is not None:
            return least_replicas(spec.autoscaling)
        return DEFAULT_REPLICAS if spec.replicas is None else spec.replicas


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: what looks like a date is text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag in _PLAIN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_documents(text: str) -> Documents:
    """Read the file's text, or raise `DocumentError`."""
    fleets: list[dict[str, Any]] = []
    config_maps: list[dict[str, Any]] = []
    for line, document in _load(text):
        match document.get("apiVersion"), document.get("kind"):
            case (str(version), str(kind)) if (version, kind) == (API_VERSION, KIND):
                fleets.append(document)
            case ("v1", "ConfigMap"):
                config_maps.append(document)
            case (version, kind):
                raise DocumentError(
                    f"line {line}: apiVersion {version!r}, kind {kind!r}: "
                    f"write one {KIND} of {API_VERSION} and the ConfigMaps of v1 it names, and nothing else"
                )
    if len(fleets) != 1:
        raise DocumentError(
            f"{len(fleets)} {KIND} objects: write one of apiVersion {API_VERSION}, kind {KIND}"
            + (", and run each fleet from a file of its own" if fleets else "")
        )
    try:
        goproxy = parse_goproxy(fleets[0])
    except InvalidGoProxyError as e:
        raise DocumentError(str(e)) from None
    name = goproxy.spec.modules.allowlist_config_map_name
    if name is None:
        return Documents(goproxy)
    allowlist = _allowlist(config_maps, name, _metadata(fleets[0]).get("namespace"))
    return Documents(goproxy, allowlist, allowlist is None)


def missing_allowlist(documents: Documents) -> str | None:
    """Return what to tell when the ConfigMap that the object names is not in the file."""
    if not documents.allowlist_missing:
        return None
    name = documents.goproxy.spec.modules.allowlist_config_map_name
    return (
        f"spec.modules.allowlistConfigMapName: ConfigMap {name} is not in the file: "
        "the last known list holds, at first nothing is allowed; add the ConfigMap"
    )


def _load(text: str) -> list[tuple[int, dict[str, Any]]]:
    """Return the documents that are not empty, each with the number of its first line."""
    loader = _Loader(text)
    found: list[tuple[int, dict[str, Any]]] = []
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None or node.tag == "tag:yaml.org,2002:null":
                continue
            _check_node(node, ())
            document = loader.construct_document(node)
            line = node.start_mark.line + 1
            if not isinstance(document, dict):
                raise DocumentError(f"line {line}: not an object: write apiVersion, kind, metadata and spec")
            found.append((line, document))
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise DocumentError(f"{where}not YAML: {e.problem or e.context}") from None
    except yaml.YAMLError as e:
        raise DocumentError(f"not YAML: {' '.join(str(e).split())}") from None
    finally:
        loader.dispose()
    return found


def _check_node(node: yaml.Node, above: tuple[yaml.Node, ...]) -> None:
    """Refuse what YAML has and JSON has not, and keys written twice, of which one would be lost without a word."""
    line = node.start_mark.line + 1
    if node.tag not in _PLAIN:
        raise DocumentError(f"line {line}: the tag {node.tag} has no meaning here: remove it")
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


def _metadata(document: dict[str, Any]) -> dict[str, Any]:
    metadata = document.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _allowlist(config_maps: list[dict[str, Any]], name: str, namespace: object) -> str | None:
    """Return the patterns of the ConfigMap `name`, checked. A namespace left out, on either side, is the same one."""
    named = [
        config_map
        for config_map in config_maps
        if (metadata := _metadata(config_map)).get("name") == name
        and (namespace is None or metadata.get("namespace", namespace) == namespace)
    ]
    if len(named) > 1:
        raise DocumentError(f"{len(named)} ConfigMaps are called {name}: keep one of them")
    if not named:
        return None
    data = named[0].get("data")
    text = data.get(ALLOWLIST_KEY) if isinstance(data, dict) else None
    if not isinstance(text, str):
        raise DocumentError(f"ConfigMap {name}: data.{ALLOWLIST_KEY} is no text: write one pattern a line under it")
    try:
        parse_lines(text)
    except PatternError as e:
        raise DocumentError(f"ConfigMap {name}: data.{ALLOWLIST_KEY}: {e}") from None
    return text
