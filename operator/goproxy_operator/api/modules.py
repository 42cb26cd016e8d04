"""`spec.modules`: what the fleet may serve."""

import re
from typing import Annotated

from pydantic import Field, StringConstraints

from goproxy_operator.api.fields import Name, PositiveDuration
from goproxy_operator.api.part import SET, Items, Part
from goproxy_operator.api.patterns import Patterns
from goproxy_operator.api.rule import Rule, Ruled, Rules, matching
from modproxy.contract.config import PolicyMode, Widening

_CONTACT_RULES: Rules[str] = (
    Rule(
        cel="!self.matches('[[:cntrl:]]')",
        holds=lambda text: not re.search(r"[\x00-\x1f\x7f]", text),
        message="has a line break or another control character: write one line",
    ),
)
Contact = Annotated[str, StringConstraints(min_length=1, max_length=256), Ruled(_CONTACT_RULES)]

_DATABASE_RULES: Rules[str] = (
    matching(
        "^(https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?(/[A-Za-z0-9._~/-]*)?|file:///[A-Za-z0-9._~/-]+)$",
        "{self} is no vulnerability database: write https://HOST/PATH, or file:///FOLDER for a folder of the replicas",
    ),
)
DatabaseLocation = Annotated[str, StringConstraints(min_length=1, max_length=256), Ruled(_DATABASE_RULES)]
_VULNERABILITY_RULES: Rules[str] = (
    matching(
        "^GO-[0-9]{4}-[0-9]{4,8}$",
        "{self} is no entry of the Go vulnerability database: write for example GO-2024-1234",
    ),
)
VulnerabilityName = Annotated[str, StringConstraints(min_length=1, max_length=32), Ruled(_VULNERABILITY_RULES)]


class VulnerabilitiesSpec(Part):
    """Which known vulnerabilities count for denyVulnerable."""

    url: DatabaseLocation | None = None
    """The Go vulnerability database, a mirror of it, or a folder with its files. Default: GOVULNDB of the replicas'
    environment; without it nothing is refused, and the fleet's condition says so."""
    except_: Annotated[Items[VulnerabilityName], Field(max_length=256, json_schema_extra=SET, alias="except")] = ()
    """Entries that do not count, such as GO-2024-1234."""
    unreviewed: Annotated[Widening, Field(strict=False)] | None = None
    """Deny: entries count that the keepers of the database have not reviewed. Default: Allow."""
    unfixed: Annotated[Widening, Field(strict=False)] | None = None
    """Deny: entries count that no version ends. Default: Allow."""
    mode: Annotated[PolicyMode, Field(strict=False)] | None = None
    """DryRun serves, but counts and logs. Default: the mode of modules, whose DryRun is the stronger."""


_LICENSE_RULES: Rules[str] = (
    matching(
        "^[A-Za-z0-9][A-Za-z0-9.+-]*$",
        "{self} is no SPDX identifier of a licence: write for example MIT or Apache-2.0",
    ),
)
LicenseName = Annotated[str, StringConstraints(min_length=1, max_length=64), Ruled(_LICENSE_RULES)]
LicenseNames = Annotated[Items[LicenseName], Field(max_length=256, json_schema_extra=SET)]


class LicensesSpec(Part):
    """Which licences a version may have: each one that is found in the licence files of its zip."""

    allow: LicenseNames = ()
    """SPDX identifiers. Empty: every licence that is not denied."""
    deny: LicenseNames = ()
    """SPDX identifiers; stronger than `allow`."""
    unknown: Annotated[Widening, Field(strict=False)] | None = None
    """Deny: a version is refused of which no known licence is found. Default: Allow."""
    mode: Annotated[PolicyMode, Field(strict=False)] | None = None
    """Enforce refuses, DryRun serves, but counts and logs. Default: DryRun."""


class ModulesSpec(Part):
    """What may be served."""

    mode: Annotated[PolicyMode, Field(strict=False)] | None = None
    """Enforce refuses what may not be served, DryRun serves, but counts and logs it. Default: Enforce."""
    allow: Patterns = ()
    """Patterns as in GOPRIVATE. Empty, with no ConfigMap named: everything that is not denied."""
    deny: Patterns = ()
    """Patterns as in GOPRIVATE; stronger than `allow`."""
    allowlist_config_map_name: Name | None = None
    """A ConfigMap of the same namespace, with more patterns under key `modules`, one a line, at most 10000
    lines and 262144 characters. In force once named."""
    contact: Contact | None = None
    """Whom a developer asks about a refusal: a name, a channel, an address. Told with each."""
    minimum_age: PositiveDuration | None = None
    """A version that was published more recently is refused, by the order of the checksum database's log, which no
    author can choose. Default: none."""
    minimum_age_exclude: Patterns = ()
    """Patterns as in GOPRIVATE of modules that need no wait."""
    minimum_age_mode: Annotated[PolicyMode, Field(strict=False)] | None = None
    """DryRun serves, but counts and logs. Default: the mode of modules, whose DryRun is the stronger."""
    deny_vulnerable: bool | None = None
    """Refuses versions with a known vulnerability that a newer version ends. Default: false."""
    vulnerabilities: VulnerabilitiesSpec = VulnerabilitiesSpec()
    """Which ones count, and where they are known from."""
    licenses: LicensesSpec = LicensesSpec()
    """Which licences a version may have."""
