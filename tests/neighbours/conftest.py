"""What the tests of neighbours share with those of the operator: an operator as users install it, and a fleet."""

from __future__ import annotations

from tests.operator.live.conftest import apply_class, fleet, installed, new_operator, operator

__all__ = ["apply_class", "fleet", "installed", "new_operator", "operator"]
