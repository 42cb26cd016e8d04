"""Whose passes run when a tie comes or goes."""

from __future__ import annotations

import asyncio

import pytest

from goproxy_operator.kube.resources import Key
from goproxy_operator.observed.known_objects import NotKnownYetError
from goproxy_operator.reconcile.decide.family import ALONE, STRANGER, Relative
from goproxy_operator.reconcile.families import Families
from tests.operator.reconcile.decide.test_family import ALL, SAME

ORG, TEAM, SUB, OTHER = Key("x", "org"), Key("x", "team"), Key("x", "sub"), Key("x", "other")


class World:
    def __init__(self) -> None:
        self.fleets: dict[Key, Relative] = {}
        self.woken: set[Key] = set()
        self.read: list[Key] = []
        self.families = Families(self.woken.add)

    def look(self, key: Key) -> Relative | None:
        self.read.append(key)
        return self.fleets.get(key)

    async def change(self, key: Key, to: Relative | None) -> set[Key]:
        """Whom a change wakes, besides the fleet itself."""
        self.woken.clear()
        if to is None:
            self.fleets.pop(key, None)
        else:
            self.fleets[key] = to
        self.families.changed(key)
        await self.families.settle(self.look)
        return set(self.woken)


async def test_who_is_woken() -> None:
    world = World()
    world.families.listed()
    assert await world.change(OTHER, STRANGER) == set()
    assert await world.change(TEAM, Relative("x/team", ORG, ALL)) == set(), "there is no parent yet"
    assert await world.change(SUB, Relative("x/sub", TEAM)) == {TEAM}
    assert await world.change(ORG, STRANGER) == {TEAM, SUB}, "a parent appears"
    assert await world.change(ORG, Relative("x/org", consent=ALL)) == {TEAM, SUB}, "it consents"
    family = world.families.of(TEAM)
    assert family.problem is None
    assert [str(child) for child in family.kin.children] == ["x/sub"]
    assert await world.change(ORG, Relative("x/org", consent=ALL)) == set(), "nothing has changed"
    assert await world.change(ORG, Relative("x/org", consent=SAME)) == {TEAM, SUB}
    assert await world.change(SUB, Relative("x/sub", ORG)) == {TEAM, ORG}, "both parents"
    assert await world.change(SUB, None) == {ORG}
    assert await world.change(ORG, None) == {TEAM}
    assert world.families.of(ORG) == ALONE


async def test_what_is_read_once_is_read_again_when_it_changes_only() -> None:
    world = World()
    world.families.listed()
    await world.change(ORG, STRANGER)
    world.read.clear()
    await world.families.settle(world.look)
    assert world.families.of(ORG) == ALONE
    assert world.read == []
    world.families.all_changed("y")
    await world.families.settle(world.look)
    assert world.read == []
    world.families.all_changed()
    await world.families.settle(world.look)
    assert world.read == [ORG]


async def test_before_all_are_listed_fleets_with_ties_wait() -> None:
    world = World()
    assert await world.change(ORG, Relative("x/org", consent=ALL)) == set()
    assert await world.change(OTHER, STRANGER) == set()
    assert world.families.of(OTHER) == ALONE
    with pytest.raises(NotKnownYetError):
        world.families.of(ORG)
    world.families.listed()
    assert world.families.of(ORG).kin.children == ()


async def test_a_fleet_that_cannot_be_read_has_no_ties_and_holds_up_nobody() -> None:
    families = Families(lambda _: None)
    families.listed()
    families.changed(TEAM)

    def unknown(_: Key) -> Relative | None:
        raise NotKnownYetError("namespace x is not known yet")

    def fault(_: Key) -> Relative | None:
        raise RecursionError

    await families.settle(unknown)
    await families.settle(fault)
    assert families.of(TEAM) == ALONE


async def test_two_passes_at_once_read_each_object_once() -> None:
    world = World()
    world.families.listed()
    for number in range(300):
        key = Key("x", f"f{number}")
        world.fleets[key] = Relative(f"x/f{number}", ORG)
        world.families.changed(key)
    world.fleets[ORG] = Relative("x/org", consent=ALL)
    world.families.changed(ORG)
    await asyncio.gather(*(world.families.settle(world.look) for _ in range(3)))
    assert len(world.read) == len(set(world.read)) == 301
    assert len(world.families.of(ORG).kin.children) == 300
    assert ORG in world.woken
