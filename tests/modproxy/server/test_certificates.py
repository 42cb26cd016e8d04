"""When it is told that the certificate of clients ends. Handshakes are in tests/modproxy/live/test_tls.py."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modproxy.server.certificates import Certificates

ENDS = datetime(2026, 3, 20, 10, 30, tzinfo=UTC)
TOLD = "tls: the certificate of Secret edge {} on 2026-03-20 10:30 UTC: renew it"


@pytest.mark.parametrize(
    ("days", "before", "told"),
    [
        (90, timedelta(days=60), None),
        (90, timedelta(days=14, seconds=1), None),
        (90, timedelta(days=14), TOLD.format("expires")),
        (1, timedelta(hours=23), None),
        (1, timedelta(hours=5), None),
        (1, timedelta(hours=4), TOLD.format("expires")),
        (90, timedelta(seconds=1), TOLD.format("expires")),
        (90, timedelta(seconds=-1), TOLD.format("has expired")),
    ],
)
def test_the_end_is_told_two_weeks_before_or_when_it_should_have_been_renewed(
    days: int, before: timedelta, told: str | None
) -> None:
    certificates = Certificates(Path("/secrets/edge"))
    assert certificates.expiry_warning(ENDS.timestamp()) is None
    certificates.begins, certificates.expires = ENDS - timedelta(days=days), ENDS
    assert certificates.expiry_warning((ENDS - before).timestamp()) == told
