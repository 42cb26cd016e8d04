"""What a policy decides of a request: one value, the same for hits and for misses."""

from dataclasses import dataclass
from enum import StrEnum

from modproxy.contract.config import PolicyMode


class RuleKind(StrEnum):
    """The kinds of rules, in the order in which they decide: the `rule` label of metrics, and a key of the report."""

    CLASS = "class"
    """What a GoProxyClass imposes."""
    IDENTITY = "identity"
    """A credential that proves nobody."""
    ACCESS = "access"
    MODULES = "modules"
    """`modules.allow` and `modules.deny`."""
    VULNERABILITIES = "vulnerabilities"
    AGE = "age"
    LICENSES = "licenses"


@dataclass(frozen=True, slots=True)
class RuleRefusal:
    """Tells why a policy refuses a request, or would refuse it in DryRun."""

    kind: RuleKind
    rule: str
    """The rule that refuses, for logs and audit."""
    text: str
    """The refusal in words for the developer's terminal, of at most eight lines: what is refused, by which rule, whom
    to ask, and what to do instead.
    """
    mode: PolicyMode = PolicyMode.ENFORCE
    """Whether the refusal is enforced, or only counted and logged."""
    status: int = 403
    """The HTTP status of the refusal."""
    challenge: bool = False
    """Whether it only asks somebody who has not said who he is for a credential."""

    @property
    def enforced(self) -> bool:
        """Whether the request is really refused."""
        return self.mode is PolicyMode.ENFORCE
