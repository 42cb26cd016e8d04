"""The page about failures: written from the tests, with a part for each reason that an object links to."""

from __future__ import annotations

import re
from pathlib import Path

from goproxy_operator.reconcile.status.help_links import DOCUMENTED, with_help
from tests.e2e.failures.table import FAILURES, page

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"


def test_the_page_is_what_the_tests_say() -> None:
    assert PAGE.read_text() == page(), "it is stale: run `make generate`"


def test_every_link_has_its_part_and_every_part_a_link() -> None:
    parts = set(re.findall(r"^## (\w+)$", PAGE.read_text(), re.MULTILINE))
    assert parts == DOCUMENTED


def test_there_are_forty_failures_and_each_has_a_name_of_its_own() -> None:
    assert len({failure.name for failure in FAILURES}) == len(FAILURES) >= 40
    # Namespaces are called after them.
    assert all(re.fullmatch("[a-z0-9-]{1,50}", failure.name) for failure in FAILURES)


def test_links_are_for_conditions_that_ask_for_somebody() -> None:
    def condition(kind: str, status: str, reason: str) -> dict[str, str]:
        return {"type": kind, "status": status, "reason": reason}

    bad = [
        condition("Ready", "True", "StorageCannotGrow"),
        condition("Stalled", "True", "StorageCannotGrow"),
        condition("Reconciling", "True", "OOMKilled"),
        condition("ConfigSynced", "False", "Spreading"),
        condition("CredentialsReady", "True", "SecretsReadable"),
    ]
    links = with_help({"conditions": bad, "help": ["old"]}, "https://docs.example.com")["help"]
    assert links == [
        "https://docs.example.com/troubleshooting.md#storagecannotgrow",
        "https://docs.example.com/troubleshooting.md#oomkilled",
    ]
    assert "help" not in with_help({"conditions": [condition("Ready", "True", "Serving")], "help": ["old"]}, "docs")
