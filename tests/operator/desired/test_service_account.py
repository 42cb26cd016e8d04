"""The account that the pods run as."""

from __future__ import annotations

from tests.operator.desired.fleet_children import made, spec_of
from tests.operator.objects import goproxy


def test_an_account_that_is_named_is_used_and_none_is_made() -> None:
    fleet = goproxy(pod={"serviceAccountName": "cloud"})
    assert ("ServiceAccount", "team-a") not in made(fleet)
    pod = spec_of(fleet, "StatefulSet")["template"]["spec"]
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("cloud", False)
