"""How `make test` runs the parts of all tests, and adds up how they ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.side_by_side import Part, counts_of, run


@pytest.mark.parametrize(
    ("summary", "counts"),
    [
        ("3 passed", {"passed": 3}),
        ("1 failed, 7079 passed, 2 skipped", {"failed": 1, "passed": 7079, "skipped": 2}),
        ("2 errors", {"error": 2}),
        ("1 error, 1 warning", {"error": 1, "warning": 1}),
        ("no tests ran", {}),
    ],
)
def test_counts_of_a_summary(summary: str, counts: dict[str, int]) -> None:
    assert counts_of(summary) == counts


def test_parts_run_side_by_side_and_each_tells_how_it_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, none = (tmp_path / f"test_{name}.py" for name in ("good", "bad", "none"))
    good.write_text("def test_one():\n    pass\n\n\ndef test_two():\n    pass\n")
    bad.write_text("def test_three():\n    raise AssertionError('wrong')\n")
    none.write_text("")
    parts = [Part(file.stem, ["-p", "no:cacheprovider", "--noconftest", str(file)]) for file in (good, bad, none)]
    run(parts)
    assert [part.counts for part in parts] == [{"passed": 2}, {"failed": 1}, {}]
    assert [part.failed for part in parts] == [0, 1, 5]
    shown = capsys.readouterr().out
    assert " test_good | " in shown
    assert "AssertionError: wrong" in shown


def test_a_part_that_dies_has_failed() -> None:
    part = Part("dies", ["--no-such-option"])
    run([part])
    assert part.failed == 4
