"""The newest version of an upstream's list, as the go command's latestFromList chooses it."""

import pytest

from modproxy.mod.latest import latest_of

OLD, NEW = "v0.0.0-20200101000000-0123456789ab", "v1.2.4-0.20240101000000-0123456789ab"


@pytest.mark.parametrize(
    ("body", "latest"),
    [
        (f"{OLD}\n{NEW}\n", NEW),
        (f"{NEW}\n{OLD}\n", NEW),
        # A pseudo-version has a time, and a tag without a time in the list has none.
        (f"v9.0.0\n{OLD}\n", OLD),
        (f"v1.0.0 2019-01-01T00:00:00Z\n{OLD}\n", OLD),
        (f"v1.0.0 2021-01-01T00:00:00+09:00\n{OLD}\n", "v1.0.0"),
        (f"{OLD} 2030-01-01T00:00:00Z\n{NEW}\n", OLD),
        ("v1.0.0 2021-01-01T00:30:00+01:00\nv1.0.1 2021-01-01T00:00:00Z\n", "v1.0.1"),
        ("v1.0.0\nv1.10.0\nv1.9.0\n", "v1.10.0"),
        ("v1.0.0\nv1.1.0-rc.1\n", "v1.0.0"),
        ("v1.1.0-rc.2\nv1.1.0-rc.10\n", "v1.1.0-rc.10"),
        (f"v{'9' * 5000}.0.0\nv{'8' * 5000}.0.0\n", f"v{'9' * 5000}.0.0"),
        (f"v1.0.0-{'8' * 5000}\nv1.0.0-{'9' * 5000}\nv1.0.0-7\n", f"v1.0.0-{'9' * 5000}"),
        ("v1.1.0\r\nnoise\n\n", "v1.1.0"),
        ("v2.0.0+incompatible\n", "v2.0.0+incompatible"),
        ("", None),
        ("main\n", None),
    ],
)
def test_the_newest(body: str, latest: str | None) -> None:
    assert latest_of(body.encode()) == latest
