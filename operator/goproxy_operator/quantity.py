"""Kubernetes quantities: `50Gi`, `500m`, `1e3`.

Source of the rules: k8s.io/apimachinery/pkg/api/resource (Quantity, its canonical form). Children are written in the
canonical form: the API server stores that form, and the operator compares what it wrote with what is stored.
"""

import re
from decimal import ROUND_CEILING, Decimal

_SYNTAX = re.compile(
    r"(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+))(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,2})?", re.ASCII
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"": 0, "Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_SMALLEST = Decimal("1e-3")
"""The API server rounds resources up to it (SetDefaults_ResourceList of k8s.io/kubernetes/pkg/apis/core/v1)."""
_LARGEST = 2**63 - 1


class QuantityError(ValueError):
    """The text is no quantity. The message says what to write instead."""


def parse_quantity(text: str) -> Decimal:
    """Return the number that `text` stands for; sizes are in bytes. Raises `QuantityError`.

    It also refuses what Kubernetes accepts and then cuts or rounds, or what keeps it busy: exponents of three digits,
    and numbers beyond 64 bits.
    """
    value = _split(text)[0]
    if abs(value) > _LARGEST:
        raise QuantityError(f"{text!r} is more than there can be of anything: write for example 50Gi, 500m or 2")
    return value


def size_in_bytes(text: str) -> int:
    """Return whole bytes, rounded up as Kubernetes does. Raises `QuantityError` for what is no positive size."""
    value = parse_quantity(text)
    if value <= 0:
        raise QuantityError(f"{text!r} is not a size: write for example 50Gi")
    return int(value.to_integral_value(ROUND_CEILING))


def canonical(text: str) -> str:
    """Return the number as the API server writes it: without a fraction, with the largest suffix of the same family."""
    value, suffix = _split(text)
    value = (value / _SMALLEST).to_integral_value(ROUND_CEILING) * _SMALLEST
    if suffix in _BINARY and suffix and abs(value) >= 1024:
        return _binary(value.to_integral_value(ROUND_CEILING))
    digits, exponent = _decimal(value)
    if suffix[:1] in ("e", "E") and suffix != "E" and not suffix.endswith("i"):
        return f"{digits}e{exponent}" if exponent else str(digits)
    return f"{digits}{next(unit for unit, power in _DECIMAL.items() if power == exponent)}"


def format_bytes(count: int) -> str:
    """Write bytes for people, rounded down: `31Gi`, `1.5Gi`, `512Mi`. The text is a quantity."""
    unit, power = max(
        ((u, p) for u, p in _BINARY.items() if count >= 1024**p), key=lambda pair: pair[1], default=("", 0)
    )
    tenths = count * 10 // 1024**power
    whole, rest = divmod(tenths, 10)
    return f"{whole}.{rest}{unit}" if whole < 10 and rest else f"{whole}{unit}"


def _split(text: str) -> tuple[Decimal, str]:
    match = _SYNTAX.fullmatch(text)
    if match is None:
        raise QuantityError(f"{text!r} is not a quantity: write for example 50Gi, 500m or 2")
    number, suffix = Decimal(match["number"]), match["suffix"] or ""
    if suffix in _BINARY:
        return number * 1024 ** _BINARY[suffix], suffix
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix]), suffix
    return number.scaleb(int(suffix[1:])), suffix


def _binary(value: Decimal) -> str:
    count, power = int(value), 0
    while count % 1024 == 0 and power < len(_BINARY) - 1:
        count, power = count // 1024, power + 1
    return f"{count}{list(_BINARY)[power]}"


def _decimal(value: Decimal) -> tuple[int, int]:
    """Split into whole digits and the largest power of ten, a multiple of three, that leaves them whole."""
    if not value:
        return 0, 0
    exponent = -9
    count = int(value.scaleb(9))
    while count % 1000 == 0 and exponent < 18:
        count, exponent = count // 1000, exponent + 3
    return count, exponent
