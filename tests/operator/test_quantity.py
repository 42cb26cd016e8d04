"""Quantities: what they stand for, and the form in which the API server writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from goproxy_operator.quantity import QuantityError, canonical, format_bytes, parse_quantity, size_in_bytes

CANONICAL = [
    # as written, as the API server writes it (test_children asks the real one)
    ("1000m", "1"),
    ("0.0000001Ki", "1m"),
    ("1n", "1m"),
    ("1500001u", "1501m"),
    ("0.5", "500m"),
    ("1500m", "1500m"),
    ("2", "2"),
    ("100.5", "100500m"),
    ("1024Mi", "1Gi"),
    ("1.5Gi", "1536Mi"),
    ("10240Mi", "10Gi"),
    ("512", "512"),
    ("1000", "1k"),
    ("1000000", "1M"),
    ("1e3", "1e3"),
    ("1500e3", "1500e3"),
    ("0", "0"),
    ("50Gi", "50Gi"),
    ("0.5Gi", "512Mi"),
    ("1023Ki", "1023Ki"),
    ("1.0", "1"),
]


@pytest.mark.parametrize(("written", "stored"), CANONICAL)
def test_canonical_form(written: str, stored: str) -> None:
    assert canonical(written) == stored
    assert canonical(stored) == stored
    assert 0 <= parse_quantity(stored) - parse_quantity(written) < Decimal("1e-3")


@pytest.mark.parametrize(
    ("text", "value"), [("1Ki", 1024), ("1k", 1000), ("1m", "0.001"), (".5", "0.5"), ("1E", 10**18), ("2E2", 200)]
)
def test_what_a_quantity_stands_for(text: str, value: object) -> None:
    assert parse_quantity(text) == Decimal(str(value))


@pytest.mark.parametrize("text", ["", "Gi", "1GB", "1 Gi", "1Gi ", "ten", "1e", "--1", "1kib"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(QuantityError, match="is not a quantity: write for example"):
        parse_quantity(text)


def test_a_size_is_more_than_nothing_and_whole() -> None:
    assert size_in_bytes("1.5") == 2
    for text in ("0", "-1Gi"):
        with pytest.raises(QuantityError, match="is not a size: write for example 50Gi"):
            size_in_bytes(text)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (1023, "1023"), (1024, "1Ki"), (1536, "1.5Ki"), (10 * 2**30, "10Gi"), (31 * 2**30 + 5, "31Gi")],
)
def test_bytes_for_people_are_a_quantity_rounded_down(count: int, text: str) -> None:
    assert format_bytes(count) == text
    assert parse_quantity(text) <= count
