"""How the data plane's defaults stay in force: the config says nothing of what the object leaves out."""

from collections.abc import Mapping
from typing import Any


def without_none(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section without the fields that the object leaves out."""
    return {key: value for key, value in section.items() if value is not None}
