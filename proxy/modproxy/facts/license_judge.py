"""What the licences that were found in a version's zip say by the rules of one config."""

from dataclasses import dataclass
from typing import BinaryIO

from modproxy.contract.config import PolicyMode
from modproxy.facts.licenses import Licenses
from modproxy.policy.licenses import UNKNOWN, LicenseRule


@dataclass(frozen=True, slots=True)
class RefusedLicense:
    """Tells why a version may not be served."""

    reason: str
    rule: str


class LicenseJudge:
    """Joins the licences that are known with the rules about them."""

    def __init__(self, rule: LicenseRule, licenses: Licenses) -> None:
        self._rule = rule
        self._licenses = licenses

    @property
    def mode(self) -> PolicyMode:
        """Whether refusals are carried out."""
        return self._rule.mode

    def lacks(self, path: str, version: str) -> bool:
        """Say whether the licences of a version are not known yet."""
        return self._licenses.known(path, version) is None

    def known(self, path: str, version: str) -> tuple[str, ...] | None:
        """Return the licences that were found; None for a version whose zip nobody has looked at."""
        return self._licenses.known(path, version)

    async def look(self, path: str, version: str, file: BinaryIO) -> None:
        """Find the licences of a zip, if they are not known."""
        if self.lacks(path, version):
            await self._licenses.look(path, version, file)

    def refuse(self, path: str, version: str) -> RefusedLicense | None:
        """Return why a version may not be served; None for one that may, and for one whose zip nobody has looked at."""
        found = self._licenses.known(path, version)
        rule = self._rule.refuse(found) if found is not None else None
        if found is None or rule is None:
            return None
        names = " and ".join(one for one in found if one != UNKNOWN)
        return RefusedLicense(f"its licence is {names}" if names else "its licence is none that is known", rule)
