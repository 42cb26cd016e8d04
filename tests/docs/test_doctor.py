"""Each code that `doctor` may tell has a row in its page, which says what to do; and the page names no other code."""

from __future__ import annotations

import re
from pathlib import Path

import goproxy_operator

SOURCES = Path(goproxy_operator.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"


def test_each_code_has_a_row() -> None:
    codes: set[str] = set()
    for folder in ("doctor", "go_env"):
        for file in (SOURCES / folder).glob("*.py"):
            codes |= set(re.findall(r'(?:Finding|wrong)\(\s*"([a-z-]+)"', file.read_text()))
    rows = "\n".join(line for line in PAGE.read_text().split("\n") if line.startswith("| "))
    named = set(re.findall(r"`([a-z0-9-]+)`(?=[,\s])", " ".join(row.split(" | ")[1] + " " for row in rows.split("\n"))))
    assert len(codes) > 50
    assert codes == named - {"code"}
