"""`status` of a class: which fleets it is for, and which of them it refuses."""

from typing import Annotated

from pydantic import Field, StringConstraints

from goproxy_operator.api.part import ATOMIC, Items, Part
from goproxy_operator.api.status import REASON_LENGTH, ShortText

MOST_BREACHES = 50
"""So many are listed: whoever reads more of them asks for the condition WithinClass, or Stalled, of the fleets."""
BREACH_LENGTH = 512


class Breach(Part):
    """A fleet that the class refuses, or would refuse in a dry run."""

    namespace: ShortText
    """The fleet's namespace."""
    name: ShortText
    """The fleet's name."""
    reason: Annotated[str, StringConstraints(max_length=REASON_LENGTH)]
    """As of the condition Stalled."""
    message: Annotated[str, StringConstraints(max_length=BREACH_LENGTH)]
    """Each field, value and limit, cut to a line."""


class ClassStatus(Part):
    """What the operator says of a class."""

    observed_generation: int | None = None
    """The generation of the class by which fleets were judged."""
    fleets: int | None = None
    """How many fleets the class is for: those that name it, and those that name none where it is the default."""
    breaches: int | None = None
    """How many fleets the class refuses, or would refuse in a dry run."""
    breaching: Annotated[Items[Breach], Field(max_length=MOST_BREACHES, json_schema_extra=ATOMIC)] = ()
    """The first of them, by namespace and name."""
