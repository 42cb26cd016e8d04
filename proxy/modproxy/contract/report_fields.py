"""What every part of a replica's report is made of: fields with bounds. Pure."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from modproxy.quoting import escape_controls

TEXT_LENGTH = 1024
"""The most characters of one text. It is what an Event may hold."""


def plain_text(text: str) -> str:
    """Return the text in one line of at most `TEXT_LENGTH` characters. What cannot be printed is escaped."""
    shown = escape_controls(text[: TEXT_LENGTH + 1])
    return shown if len(shown) <= TEXT_LENGTH else shown[: TEXT_LENGTH - 3] + "..."


Text = Annotated[str, AfterValidator(plain_text)]
"""Words for people. They are shortened rather than refused, so that a long text does not hide the rest of a report."""
Count = Annotated[int, Field(ge=0, lt=2**63)]
"""A number of bytes, files or requests, which fits into what Kubernetes keeps of it."""
Seconds = Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]
"""A span of time: at most three centuries."""
Rate = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
"""Requests a second: no machine answers a billion. The sum over a fleet stays finite."""
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Hash = Annotated[str, StringConstraints(pattern="^[0-9a-z]{0,64}$")]
Name = Annotated[str, StringConstraints(max_length=64)]


class ReportPart(BaseModel):
    """Gives every part of the report camelCase keys, and makes it immutable."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)
