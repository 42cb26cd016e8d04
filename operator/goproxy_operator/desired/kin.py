"""The other fleets that a fleet is tied to: its parent, and those whose parent it is. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class OtherFleet:
    """Names another fleet; `account` is what its pods run as, as NAMESPACE/NAME."""

    namespace: str
    name: str
    account: str = ""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Kin:
    """Holds the ties of a fleet that are in use: the parent has consented, and no loop comes about."""

    parent: OtherFleet | None = None
    children: tuple[OtherFleet, ...] = ()
    """In an order that does not move."""


NO_KIN = Kin()
