"""Tables for the small pure parts: durations, answers, the allowlist, traffic, the memo, the config document."""

import pytest

from modproxy.cache.answer import CacheStatus
from modproxy.cache.memo import Memo
from modproxy.contract.config import (
    Config,
    ConfigError,
    ModulesConfig,
    PolicyMode,
    config_hash,
    dump_config,
    parse_config,
)
from modproxy.contract.duration import format_duration, parse_duration
from modproxy.mod.path import check_path
from modproxy.policy.allowlist import Allowlist
from modproxy.server.traffic import Traffic


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("1h30m", 5400), ("250ms", 0.25), ("0", 0), ("1.5h", 5400), ("720h", 2592000), ("1ns", 1e-9)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "1 s", "1d", "1s\n", "٣s"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("modules", "listed", "path", "rule"),
    [
        ({}, None, "example.com/m", None),
        ({"deny": ("example.com",)}, None, "example.com/m", "modules.deny has example.com"),
        ({"deny": ("example.com/x",)}, None, "example.com/m", None),
        ({"allow": ("example.com",)}, None, "example.com/m", None),
        ({"allow": ("example.com",)}, None, "example.org/m", "modules.allow"),
        ({"allow": ("example.com",), "deny": ("example.com/m",)}, None, "example.com/m", "modules.deny"),
        ({"allowlist_file": "f"}, "", "example.com/m", "0 patterns"),
        ({"allowlist_file": "f"}, "example.com", "example.com/m", None),
        ({"allowlist_file": "f", "allow": ("example.org",)}, "example.com", "example.org/m", None),
    ],
)
def test_allowlist(modules: dict[str, object], listed: str | None, path: str, rule: str | None) -> None:
    refusal = Allowlist(ModulesConfig.model_validate(modules), listed).refuse(check_path(path))
    assert (refusal is None) is (rule is None)
    if refusal and rule:
        assert rule in refusal.rule
        assert rule in refusal.text
        assert refusal.enforced


IMPOSED = {"by": "GoProxyClass standard", "allow": ("example.com",), "deny": ("example.com/evil",)}


@pytest.mark.parametrize(
    ("modules", "path", "rule"),
    [
        ({}, "example.com/m", None),
        (
            {},
            "example.org/m",
            "GoProxyClass standard has no pattern that matches it in modules.allow (1 pattern",
        ),
        ({}, "example.com/evil/m", "GoProxyClass standard has example.com/evil in modules.deny"),
        ({"allow": ("example.org", "example.com/evil")}, "example.org/m", "the fleet's own cannot allow it"),
        ({"allow": ("example.org",)}, "example.com/m", "modules.allow has no pattern"),
        ({"deny": ("example.com/m",)}, "example.com/m", "modules.deny has example.com/m"),
    ],
)
@pytest.mark.parametrize("mode", list(PolicyMode))
def test_what_is_imposed_holds_besides_the_fleets_own(
    modules: dict[str, object], path: str, rule: str | None, mode: PolicyMode
) -> None:
    config = ModulesConfig.model_validate({**modules, "imposed": IMPOSED, "mode": mode})
    refusal = Allowlist(config).refuse(check_path(path))
    assert (refusal is None) is (rule is None)
    if refusal and rule:
        assert rule in refusal.rule
        # DryRun is the fleet's own choice: it weakens nothing that is imposed.
        assert refusal.enforced is ("GoProxyClass" in refusal.rule or mode is PolicyMode.ENFORCE)


def test_without_imposed_patterns_all_is_the_fleets_own() -> None:
    modules = ModulesConfig.model_validate({"imposed": {"by": "GoProxyClass standard"}})
    assert Allowlist(modules).refuse(check_path("example.com/m")) is None


def test_traffic_over_the_window() -> None:
    now = [0.0]
    traffic = Traffic(lambda: now[0])
    assert traffic.window().requests == 0
    for outcome in (CacheStatus.MISS, CacheStatus.HIT, CacheStatus.STALE, CacheStatus.NEGATIVE, CacheStatus.DENIED):
        traffic.count("mod", 200, outcome, 0.001)
    now[0] = 5.0
    first = traffic.window()
    assert (first.hits, first.requests, first.requests_per_second, first.seconds) == (3, 4, 1.0, 5.0)
    now[0] = 599.0
    assert traffic.window().requests == 4
    assert traffic.window().requests_per_second == 0
    now[0] = 605.0
    assert traffic.window().requests == 0
    now[0] = 100_000.0
    traffic.count("mod", 200, CacheStatus.HIT, 99.0)
    assert (traffic.window().hits, traffic.window().seconds) == (1, 600.0)
    assert traffic.by_status()["hit"] == 2
    assert traffic.durations["mod"].counts[-1] == 1
    assert sum(traffic.durations["mod"].counts) == 6


def test_what_came_lately() -> None:
    now = [0.0]
    traffic = Traffic(lambda: now[0])
    assert (traffic.window().recent_requests, traffic.window().recent_seconds) == (0, 0.0)
    for second in range(100):
        now[0] = float(second)
        traffic.count("mod", 200, CacheStatus.HIT, 0.001)
    # Two whole slots and what is over of the third.
    assert (traffic.window().recent_requests, traffic.window().recent_seconds) == (30, 29.0)
    now[0] = 101.0
    assert (traffic.window().recent_requests, traffic.window().recent_seconds) == (20, 21.0)
    now[0] = 121.0
    assert traffic.window().recent_requests == 0


def test_memo_expires_and_is_bounded() -> None:
    now = [0.0]
    memo: Memo[str, int] = Memo(2, lambda: now[0])
    memo.put("a", 1, 10)
    memo.put("b", 2, 20)
    assert memo.get("a") == 1
    now[0] = 10.0
    assert memo.get("a") is None
    memo.put("c", 3, 10)
    memo.put("d", 4, 10)
    assert [memo.get(k) for k in "bcd"] == [None, 3, 4]
    memo.put("e", 5, 0)
    assert memo.get("e") is None
    memo.clear()
    assert memo.get("d") is None


def test_a_config_is_written_as_what_differs_from_the_defaults() -> None:
    assert dump_config(Config()) == "{}\n"
    config = parse_config(
        '{"cache": {"listTTL": "5m", "sizeBytes": 10}, "modules": {"mode": "DryRun", "deny": ["a.com"]}}'
    )
    assert parse_config(dump_config(config)) == config
    assert '"listTTL": "5m"' in dump_config(config)
    assert "allow" not in dump_config(config)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ('{"pathPrefix": "go"}', "pathPrefix: "),
        ('{"cache": {"listTTL": 5.5}, "x": 1}', "x: "),
        ('{"modules": {"deny": "a.com"}}', "modules.deny: "),
        ('{"id": "a b"}', "id: "),
        ('{"cache": {"listTTL": "-1s"}}', "cache.listTTL: "),
    ],
)
def test_a_bad_document_names_the_field(document: str, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(document)
    assert str(caught.value).startswith(field)


def test_a_hash_names_both_documents() -> None:
    assert config_hash("{}") != config_hash("{}", "")
    assert config_hash("{}", "a") != config_hash("{}", "b")
    assert len(config_hash("{}")) == 12
