"""Which licences are found in texts and in zips, and that they are kept."""

import io
from pathlib import Path

import pytest
from identify.vendor.licenses import LICENSES

from modproxy.facts.licenses import Licenses, licenses_of
from tests.modproxy.module_files import module_zip

M = "example.com/m"
TEXTS = dict(LICENSES)
GO = "Copyright 2009 The Go Authors.\n\n" + TEXTS["BSD-3-Clause"].partition("\n\n")[2].partition("\n\n")[2].replace(
    "the copyright holder nor", "Google LLC nor"
)


def found(files: dict[str, str]) -> tuple[str, ...]:
    packed = module_zip(M, "v1.0.0", {name: text.encode() for name, text in files.items()})
    return licenses_of(io.BytesIO(packed), f"{M}@v1.0.0/")


@pytest.mark.parametrize("name", TEXTS)
def test_each_known_text_is_found_and_no_other(name: str) -> None:
    assert found({"LICENSE": TEXTS[name]}) == (name,)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"go.mod": ""}, ()),
        ({"LICENSE": GO}, ("BSD-3-Clause",)),
        ({"LICENCE.txt": TEXTS["MIT"].upper()}, ("MIT",)),
        ({"License-MIT": TEXTS["MIT"], "LICENSE.apache": TEXTS["Apache-2.0"]}, ("Apache-2.0", "MIT")),
        ({"LICENSE": TEXTS["Apache-2.0"].partition("END OF TERMS")[0]}, ("Apache-2.0",)),
        (
            {"LICENSE": TEXTS["MIT"] + "\nThe Software may not be sold, nor used by anybody on Mondays. " * 3},
            ("unknown",),
        ),
        ({"LICENSE": TEXTS["MIT"] + TEXTS["Apache-2.0"]}, ("unknown",)),
        ({"LICENSE": ""}, ("unknown",)),
        ({"sub/LICENSE": TEXTS["GPL-3.0"], "license.go": "package m"}, ()),
        ({"sub/LICENSE": TEXTS["GPL-3.0"]}, ()),
        ({f"LICENSE.{n}": TEXTS["MIT"] for n in range(9)}, ("MIT", "unknown")),
    ],
)
def test_what_is_found_in_a_zip(files: dict[str, str], expected: tuple[str, ...]) -> None:
    assert found(files) == expected


async def test_what_was_found_is_kept(tmp_path: Path) -> None:
    licenses = Licenses(tmp_path / "licences")
    packed = io.BytesIO(module_zip(M, "v1.0.0", {"LICENSE": TEXTS["MIT"].encode()}))
    assert licenses.known(M, "v1.0.0") is None
    assert await licenses.look(M, "v1.0.0", packed) == ("MIT",)
    with (tmp_path / "licences").open("ab") as file:
        file.write(b'[[[[\n["x", 7]\n7\n["half')
    again = Licenses(tmp_path / "licences")
    assert again.known(M, "v1.0.0") == ("MIT",)
    assert again.known(M, "v1.0.1") is None
