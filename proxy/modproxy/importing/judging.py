"""Which versions of a bundle are taken, and on whose word. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from modproxy.mod.bundle.manifest import BundledVersion, Standing
from modproxy.mod.pattern import Pattern, first_match
from modproxy.mod.vouching import CameFrom, is_exempt, voucher


class Way(StrEnum):
    """Says how a version comes into the depot."""

    PROVED = "proved"
    """The checksum database in force has vouched for it."""
    TRUSTED = "trusted"
    """The importer answers for it, because the rules have no database vouch for it."""
    HOSTED = "hosted"
    """It is published to this fleet."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the rules in force say of modules."""

    database: str | None
    """Names the checksum database with its key; None where none is in force."""
    private: Sequence[Pattern]
    exempt: Sequence[Pattern]
    hosted: Sequence[Pattern]


@dataclass(frozen=True, slots=True)
class Taken:
    """A version that is taken."""

    version: BundledVersion
    way: Way
    voucher: str
    alone: bool = False
    """Whether nobody else has versions of the module."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A version that is not taken, and why."""

    version: BundledVersion
    reason: str


def judge(version: BundledVersion, bundle_database: str | None, terms: Terms) -> Taken | Rejected:
    """Decide about a version of a bundle whose records were proved for `bundle_database`, where that is in force."""
    path = version.module
    alone = first_match(terms.hosted, path) is not None
    unvouched = first_match(terms.private, path) is not None or is_exempt(path, terms.exempt)
    if version.standing is Standing.HOSTED or alone:
        if not alone and not unvouched and terms.database is not None:
            # A bundle's word is no proof that the database does not know the version, and the depot comes first.
            return Rejected(
                version,
                f"the bundle says that it is published, and this fleet has such modules verified by {terms.database}: "
                "if it is the fleet's own, name it in hosted.modules, upstream.goprivate or upstream.gonosumdb",
            )
        if not version.zip:
            return Rejected(version, "the bundle has its go.mod file only, and a published version has a zip")
        return Taken(version, Way.HOSTED, voucher(CameFrom.HOSTED), alone)
    trusted = Taken(version, Way.TRUSTED, voucher(CameFrom.BUNDLE))
    if unvouched or terms.database is None:
        return trusted
    if version.standing is Standing.PUBLIC and bundle_database == terms.database:
        return Taken(version, Way.PROVED, voucher(CameFrom.BUNDLE, terms.database))
    if version.standing is Standing.PUBLIC:
        return Rejected(
            version,
            f"its record is of checksum database {bundle_database}, and this fleet verifies by {terms.database}",
        )
    return Rejected(
        version,
        f"the bundle has no record for it of checksum database {terms.database}: if it is private, name it in "
        "upstream.goprivate, upstream.gonosumdb or hosted.modules",
    )
