"""`spec.modules`: what the fleet may serve."""

import re
from typing import Annotated

from pydantic import Field, StringConstraints

from goproxy_operator.api.fields import Name
from goproxy_operator.api.part import Part
from goproxy_operator.api.patterns import Patterns
from goproxy_operator.api.rule import Rule, Ruled, Rules
from modproxy.contract.config import PolicyMode

_CONTACT_RULES: Rules[str] = (
    Rule(
        cel="!self.matches('[[:cntrl:]]')",
        holds=lambda text: not re.search(r"[\x00-\x1f\x7f]", text),
        message="has a line break or another control character: write one line",
    ),
)
Contact = Annotated[str, StringConstraints(min_length=1, max_length=256), Ruled(_CONTACT_RULES)]


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
