"""Text from outside is shown as one bounded line without control characters."""

import pytest

from modproxy.mod.quoted import one_line, quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gone", '"gone"'),
        ("  one\n\n two\r\nthree ", '"one; two; three"'),
        ("\x1b[31mred\x00\x7f", '"\\x1b[31mred\\x00\\x7f"'),
        ("a\u2028b\u202ec\u0085d", '"a; b\\u202ec; d"'),
        ("x" * 600, f'"{"x" * 500}..."'),
        ("", '""'),
    ],
)
def test_quoted(text: str, shown: str) -> None:
    assert quoted(text) == shown


def test_a_line_of_a_log() -> None:
    assert one_line('a: answered 404\nsaying "x\\x1b"') == 'a: answered 404 / saying "x\\x1b"'
    assert one_line("a\rb\x07c") == "a\\rb\\x07c"
    assert len(one_line("x" * 100_000)) < 2100
