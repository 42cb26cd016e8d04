"""`spec.hosted` and `spec.sync` of the object: modules of one's own, and modules that are kept complete."""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from goproxy_operator.api.fields import SecretRef
from goproxy_operator.api.part import SET, Items, Part
from goproxy_operator.api.patterns import ModulePattern
from goproxy_operator.api.rule import ModelRule, Rule, Ruled, Rules, matching
from modproxy.contract.fields import LONGEST_SCHEDULE, check_schedule

_HOSTED_RULES: Rules["HostedSpec"] = (
    Rule(
        cel="!has(self.modules) || size(self.modules) == 0 || (has(self.enabled) && self.enabled)",
        holds=lambda spec: not spec.modules or bool(spec.enabled),
        message="modules are named that are hosted only, and hosting is off, so that upstream would be asked about "
        "them: write enabled: true, or remove modules",
    ),
)


class HostedSpec(Part):
    """Modules that are published to the fleet itself, by those who have verb publish."""

    RULES: ClassVar = _HOSTED_RULES

    enabled: bool | None = None
    """True: versions can be published, and bundles imported. Default: false."""
    modules: Annotated[Items[ModulePattern], Field(max_length=64, json_schema_extra=SET)] = ()
    """Patterns of modules that are hosted only: nobody else is asked about them, nor learns their names. Versions of
    other modules may be published too, beside those of upstream."""


_FIELD = "[0-9A-Za-z*,/#-]+"
_SCHEDULE = rf"^{_FIELD}( {_FIELD}){{4}}$"
_SCHEDULE_RULES: Rules[str] = (
    matching(
        _SCHEDULE,
        "{self} is no schedule: write the five fields of cron, in UTC, with one blank between two of them, such as "
        "*/15 * * * *",
    ),
    ModelRule(check_schedule, because="CEL cannot tell which days and minutes there are"),
)
Schedule = Annotated[str, StringConstraints(min_length=9, max_length=LONGEST_SCHEDULE), Ruled(_SCHEDULE_RULES)]
"""Minute, hour, day of the month, month and day of the week, as cron reads them."""

_SYNC_RULES: Rules["SyncSpec"] = (
    Rule(
        cel="has(self.schedule) || has(self.webhookSecretName)",
        holds=lambda spec: spec.schedule is not None or spec.webhook_secret_name is not None,
        message="nothing says when new versions are looked for: write schedule, or webhookSecretName for a forge that "
        "tells of them, or both",
    ),
)


class SyncSpec(Part):
    """Modules that are kept complete: new versions are fetched before anybody asks."""

    RULES: ClassVar = _SYNC_RULES

    modules: Annotated[Items[ModulePattern], Field(min_length=1, max_length=64, json_schema_extra=SET)]
    """Patterns of the modules. A path without a glob is known from the start; what matches a glob, once it was asked
    for or a webhook told of it."""
    schedule: Schedule | None = None
    """When to look for new versions: five fields of cron, in UTC. Default: webhooks alone tell of them."""
    webhook_secret_name: SecretRef | None = None
    """A Secret with key secret, with which forges sign their webhooks, one a line; or with username and password.
    Default: no webhook is taken."""
