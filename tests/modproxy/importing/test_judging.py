import pytest

from modproxy.importing.judging import Rejected, Taken, Terms, Way, judge
from modproxy.mod.bundle.manifest import BundledVersion, Standing
from modproxy.mod.path import check_path
from modproxy.mod.pattern import parse_pattern
from modproxy.mod.version import Version

TERMS = Terms(
    "sum+1", [parse_pattern("git.example.com")], [parse_pattern("git.example.com")], [parse_pattern("ours.example.com")]
)


@pytest.mark.parametrize(
    ("path", "standing", "zip_hash", "database", "expected"),
    [
        ("example.com/a", Standing.PUBLIC, "h1:z", "sum+1", (Way.PROVED, "bundle sum+1")),
        ("example.com/a", Standing.PUBLIC, "", "sum+1", (Way.PROVED, "bundle sum+1")),
        ("example.com/a", Standing.PUBLIC, "h1:z", "other+2", "verifies by sum+1"),
        ("example.com/a", Standing.PRIVATE, "h1:z", "sum+1", "upstream.goprivate"),
        ("git.example.com/a", Standing.PRIVATE, "h1:z", None, (Way.TRUSTED, "bundle")),
        ("git.example.com/a", Standing.PUBLIC, "h1:z", "other+2", (Way.TRUSTED, "bundle")),
        ("golang.org/toolchain", Standing.PRIVATE, "h1:z", None, "upstream.goprivate"),
        ("ours.example.com/a", Standing.PRIVATE, "h1:z", None, (Way.HOSTED, "hosted")),
        ("git.example.com/a", Standing.HOSTED, "h1:z", None, (Way.HOSTED, "hosted")),
        ("git.example.com/a", Standing.HOSTED, "", None, "go.mod file only"),
        ("ours.example.com/a", Standing.HOSTED, "h1:z", None, (Way.HOSTED, "hosted")),
        ("example.com/a", Standing.HOSTED, "h1:z", "sum+1", "the bundle says that it is published"),
        ("example.com/a", Standing.HOSTED, "h1:z", None, "hosted.modules"),
    ],
)
def test_on_whose_word_a_version_is_taken(
    path: str, standing: Standing, zip_hash: str, database: str | None, expected: tuple[Way, str] | str
) -> None:
    found = judge(BundledVersion(check_path(path), Version("v1.0.0"), standing, "h1:m", zip_hash), database, TERMS)
    if isinstance(found, Taken):
        assert (found.way, found.voucher) == expected
    else:
        assert isinstance(found, Rejected)
        assert isinstance(expected, str)
        assert expected in found.reason
