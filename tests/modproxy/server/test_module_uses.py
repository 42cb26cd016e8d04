"""The counts of modules: exact while there are few, bounded whatever there are, and never too low."""

import random
from collections import Counter

from modproxy.contract.top import MOST_MODULES, Top
from modproxy.server.module_uses import ModuleUses


def test_few_modules_are_counted_exactly() -> None:
    uses = ModuleUses()
    assert uses.top(10).modules == ()
    uses.add("example.com/a", 100, 50.0)
    uses.add("example.com/b", 7, 60.0, 3)
    uses.add("example.com/a", 0, 40.0)  # it was answered earlier, and told later
    top = uses.top(10)
    assert [(use.module, use.requests, use.surplus, use.bytes, use.last_used) for use in top.modules] == [
        ("example.com/b", 3, 0, 7, 60.0),
        ("example.com/a", 2, 0, 100, 50.0),
    ]
    assert [use.module for use in uses.top(1).modules] == ["example.com/b"]


def test_what_hits_have_not_told_yet_is_asked_for() -> None:
    uses = ModuleUses()
    uses.fold = lambda: uses.add("example.com/a", 1, 1.0)
    assert uses.top(1).modules[0].requests == 1


def test_a_flood_of_modules_hides_no_heavy_one_and_takes_no_memory() -> None:
    uses, truth, chance = ModuleUses(most=200), Counter[str](), random.Random(17)
    heavy = [f"example.com/heavy{number}" for number in range(20)]
    for number in range(40_000):
        module = chance.choice(heavy) if number % 4 == 0 else f"example.com/once{number}"
        truth[module] += 1
        uses.add(module, 1, float(number))
        assert len(uses._uses) <= 200
    top = uses.top(20)
    assert {use.module for use in top.modules} == set(heavy)
    for use in uses.top(MOST_MODULES).modules:
        assert use.requests - use.surplus <= truth[use.module] <= use.requests


def test_the_longest_answer_is_one_that_a_reader_takes() -> None:
    from modproxy.contract.top import TOP_BYTES

    uses = ModuleUses()
    for number in range(3000):
        uses.add(f"example.com/{number:04}" + "/x" * 1000, 1 << 60, 1.8e9)
    written = uses.top(MOST_MODULES).model_dump_json(by_alias=True)
    assert len(written) < TOP_BYTES
    assert len(Top.model_validate_json(written).modules) == MOST_MODULES
