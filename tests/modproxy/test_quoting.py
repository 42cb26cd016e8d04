"""How texts of others are quoted."""

import pytest

from modproxy.quoting import quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n\n b\x1b[31m\u202e", '"a; b\\x1b[31m\\u202e"'),
        ("x" * 600, f'"{"x" * 500}..."'),
        ("see http://jane:pass@h.example.com/x?sig=abc&t=1 now", '"see http://***@h.example.com/x?... now"'),
        ("<a href='https://h/?token=t'>https://h?t</a>", "\"<a href='https://h/?...'>https://h?...</a>\""),
        ("is it there? jane@example.com thinks so", '"is it there? jane@example.com thinks so"'),
        ("example.com/m@v1.0.0: unknown revision", '"example.com/m@v1.0.0: unknown revision"'),
    ],
)
def test_a_text_of_a_server(text: str, shown: str) -> None:
    assert quoted(text) == shown
