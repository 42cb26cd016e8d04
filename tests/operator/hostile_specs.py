"""Malformed and hostile specs, made from the CRD's own schema by a seed: each time the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from goproxy_operator.api.crd.definitions import crd
from tests.operator.objects import document

SCHEMA: dict[str, Any] = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]

STRINGS = (
    "",
    " ",
    "\x00",
    "\n",
    "a\nb",
    "\u202egnp.exe",
    "\U0001f4a9",
    "e\u0301" * 20,
    "\ud7ff\ufffe",
    "٣Gi",
    "{{.}}",
    "${HOME}",
    "$(id)",
    "../../etc/passwd",
    "a/../b",
    "%00",
    "null",
    "true",
    "NaN",
    "-",
    "--config=/etc/passwd",
    "team-a",
    "a,metadata.name!=b",
    "a-replicas",
    "A_B",
    "a..b",
    "example.com",
    "*.example.com",
    "example.com/" * 20,
    "(a+)+$",
    "*a" * 127 + "b",
    "[a-z]" * 50,
    "[" * 200,
    "[^" + "\\]" * 100 + "]",
    "[z-a]",
    "\\" * 255,
    "?" * 255,
    "1e999999",
    "1e-999999",
    "1E99999999999999999999999999",
    "1e9999999999",
    "1e99999999",
    "9" * 32,
    "0.0000001Ki",
    "1e-9",
    "1n",
    "9e18",
    "8Ei",
    "16Ei",
    "999999999E",
    "-1Gi",
    "+1Gi",
    "1.",
    ".5Gi",
    "1Gi",
    "1500m",
    "0",
    "0Gi",
    "0.000000000000000000000000001h",
    "999999999999999999999999h",
    "1h1h1h1h1h1h1h1h",
    "1ns",
    "30s",
    "1d",
    "https://goproxy.example.com",
    "https://goproxy.example.com,direct",
    "direct|off,,,|,direct",
    "https://[::1",
    "https://[::1]:99999/",
    "https://\u00e9xample.com:x",
    "https://a@b@c/",
    "http://a:80:80",
    "file:///../../etc",
    "file:////",
    "h" * 300 + "://",
    "," * 2000,
    "a.b," * 500,
    "sum.golang.org",
    "sum.golang.org https://sum.example.com/%zz",
    "x+00000000+" + "A" * 44,
    "10.0.0.0/999",
    "http://egress.example.com:3128",
    "/go",
    "/" + "a/" * 100 + "a",
    "/a b",
    "/\u00e9/?#",
    "modproxy:1",
    "UPPER/Image:@sha256",
)
KEYS = (
    "team",
    "",
    " ",
    "-a",
    "a/b/c",
    "/a",
    "example.com/" + "a" * 64,
    "a" * 317,
    "app.kubernetes.io/name",
    "goproxy-operator.dev/fleet",
    "kubernetes.io/hostname",
    "cpu",
    "memory",
    "nvidia.com/gpu",
    "__proto__",
    "\u00e9",
    "x\ny",
)
WRONG: tuple[Any, ...] = (0, -1, 1.5, 2**63, True, "x", [], {}, [[]], {"a": {"b": []}}, [None], None)


def hostile_specs(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Make so many specs. Most are bad in one place only, so that much of them gets past the API server."""
    random = Random(seed)
    for _ in range(count):
        yield _value(SCHEMA, random, depth=0)


def hostile_objects(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Make so many objects, each of a name of its own; some of the names are like those of others' children."""
    random = Random(seed)
    for number, spec in enumerate(hostile_specs(seed, count)):
        made = document(f"h{number}" if number % 10 else f"h{number + 1}-replicas", **spec)
        if random.random() < 0.1:
            made["metadata"]["annotations"] = {"note": random.choice(STRINGS)}
        yield made


def _value(schema: dict[str, Any], random: Random, depth: int) -> Any:
    if depth and random.random() < 0.08:
        return random.choice(WRONG)
    if schema.get("x-kubernetes-int-or-string"):
        return random.choice([random.choice(STRINGS), random.randint(-1, 9)])
    match schema.get("type"):
        case "object":
            return _object(schema, random, depth)
        case "array":
            return _array(schema, random, depth)
        case "integer":
            low, high = schema.get("minimum", -5), schema.get("maximum", 2**31)
            return random.choice([low, high, low - 1, high + 1, 0, 1, 2, 75, -(2**63), 2**63 - 1])
        case "boolean":
            return random.choice([True, False])
        case _:
            return _string(schema, random)


def _string(schema: dict[str, Any], random: Random) -> str:
    if "enum" in schema and random.random() < 0.8:
        return str(random.choice(schema["enum"]))
    if random.random() < 0.1:
        longest: int = schema.get("maxLength", 256)
        return random.choice(["a", "\u00e9", "*", "[", "9"]) * (longest + random.choice([0, 1]))
    return random.choice(STRINGS)


def _array(schema: dict[str, Any], random: Random, depth: int) -> list[Any]:
    most: int = schema.get("maxItems", 8)
    if random.random() < 0.1 and schema["items"].get("type") == "string":
        return [f"a{number}.example.com" for number in range(most + random.choice([0, 1]))]
    return [_value(schema["items"], random, depth + 1) for _ in range(random.choice([0, 1, 1, 2]))]


def _object(schema: dict[str, Any], random: Random, depth: int) -> dict[str, Any]:
    if inner := schema.get("additionalProperties"):
        if random.random() < 0.1:
            return {f"key-{number}": _value(inner, random, depth + 1) for number in range(65)}
        return {random.choice(KEYS): _value(inner, random, depth + 1) for _ in range(random.choice([0, 1, 2]))}
    properties: dict[str, Any] = schema.get("properties", {})
    names = random.sample(sorted(properties), min(len(properties), random.choice([1, 1, 1, 2, 3])))
    names += [name for name in schema.get("required", ()) if random.random() < 0.9]
    made = {name: _value(properties[name], random, depth + 1) for name in dict.fromkeys(names)}
    if random.random() < 0.03:
        made[random.choice(KEYS)] = random.choice(WRONG)
    return made
