"""Checksums that differ, with a real zip and a real database: whose side it is, and what is not believed."""

from __future__ import annotations

import io

import pytest

from goproxy_operator.doctor import verifying
from modproxy.mod.archive import check_carefully, go_mod_hash
from modproxy.mod.path import ModulePath
from modproxy.mod.version import Version
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream, cut
from tests.operator.doctor.machine import MODULE, Machine, alarms, looks

PATH, VERSION = "example.com/m", "v1.0.0"
STEM = f"{PATH}/@v/{VERSION}"
OTHERS = go_mod_hash(b"module example.com/other\n")
SUMS: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "the fleet's go.mod": ({"mod": OTHERS}, {"mod": OTHERS}, "checksums of its go.mod differ: the fleet differs from"),
    "go.mod in go.sum": ({"mod": OTHERS}, {}, "go.mod differ: go.sum of this folder differs from the other two"),
    "go.mod in the database": ({}, {"mod": OTHERS}, "go.mod differ: the checksum database differs from the other two"),
    "the fleet's zip": ({"zip": OTHERS}, {"zip": OTHERS}, "checksums of its zip differ: the fleet differs from"),
    "the zip in go.sum": ({"zip": OTHERS}, {}, "its zip differ: go.sum of this folder differs from the other two"),
    "the zip in the database": ({}, {"zip": OTHERS}, "its zip differ: the checksum database differs from the other"),
}


class Sides:
    """A fleet, a checksum database, and the go.sum file of the folder."""

    def __init__(self, fleet: FakeUpstream, machine: Machine) -> None:
        self.fleet, self.machine, self.database = fleet, machine, FakeSumdb()
        fleet.add(PATH, VERSION)
        zip_hash = check_carefully(io.BytesIO(fleet.files[f"{STEM}.zip"]), ModulePath(PATH), Version(VERSION))
        self.real = {"mod": go_mod_hash(fleet.files[f"{STEM}.mod"]), "zip": zip_hash}

    def say(self, go_sum: dict[str, str], recorded: dict[str, str]) -> None:
        home = self.machine.folder / "home"
        (home / "go.mod").write_text(f"module example.com/own\nrequire {PATH} {VERSION}\n")
        here, there = self.real | go_sum, self.real | recorded
        (home / "go.sum").write_text(f"{PATH} {VERSION} {here['zip']}\n{PATH} {VERSION}/go.mod {here['mod']}\n")
        self.database.record(PATH, VERSION, there["zip"], there["mod"])
        self.database.publish(self.fleet.files)
        self.machine.use(self.fleet.url, GOSUMDB=self.database.verifier_key, GONOSUMDB="")


@pytest.mark.parametrize("case", SUMS)
async def test_checksums_that_differ(case: str, machine: Machine) -> None:
    go_sum, recorded, words = SUMS[case]
    async with FakeUpstream() as fleet:
        Sides(fleet, machine).say(go_sum, recorded)
        status, told = await machine.doctor(MODULE)
    assert (status, alarms(told)) == (1, ["checksum"])
    assert words in told["verdict"]


async def test_checksums_that_agree(machine: Machine) -> None:
    async with FakeUpstream() as fleet:
        Sides(fleet, machine).say({}, {})
        status, told = await machine.doctor(MODULE)
        assert (status, looks(told)) == (0, [])
        assert [hop["name"] for hop in told["hops"]] == ["fleet", "checksum database", "zip of the fleet"]
        zips = fleet.requests[f"{STEM}.zip"]
        assert (await machine.doctor(MODULE, "--no-zip"))[0] == 0
        assert fleet.requests[f"{STEM}.zip"] == zips == 1


async def test_a_database_that_another_key_signs(machine: Machine) -> None:
    async with FakeUpstream() as fleet:
        sides = Sides(fleet, machine)
        sides.say({}, {"zip": OTHERS})
        machine.use(fleet.url, GOSUMDB=FakeSumdb(sides.database.name).verifier_key)
        status, told = await machine.doctor(MODULE)
        assert (status, alarms(told)) == (1, ["database-signature"])
        assert "has no signature by sum.example.com" in told["verdict"]


async def test_a_zip_that_is_cut_and_one_that_is_none(machine: Machine) -> None:
    async with FakeUpstream() as fleet:
        Sides(fleet, machine).say({}, {})
        whole = fleet.files[f"{STEM}.zip"]
        fleet.behaviours[f"{STEM}.zip"] = cut(whole, 20)
        status, told = await machine.doctor(MODULE)
        assert (status, alarms(told)) == (1, ["broken-answer"])
        assert f"the connection ends after 20 of {len(whole)} bytes" in told["verdict"]
        fleet.behaviours.clear()
        fleet.files[f"{STEM}.zip"] = whole[:-30]
        status, told = await machine.doctor(MODULE)
        assert (status, alarms(told)) == (1, ["zip-malformed"])


async def test_a_module_that_the_database_does_not_know(machine: Machine) -> None:
    database = FakeSumdb()
    database.pad(1)
    async with FakeUpstream() as fleet:
        fleet.add(PATH, VERSION)
        database.publish(fleet.files)
        machine.use(fleet.url, GOSUMDB=database.verifier_key, GONOSUMDB="")
        status, told = await machine.doctor(MODULE)
    assert (status, alarms(told)) == (1, ["not-in-database"])


async def test_a_zip_that_is_too_large_to_be_hashed_here(machine: Machine) -> None:
    machine.monkeypatch.setattr(verifying, "LARGEST_ZIP", 20)
    async with FakeUpstream() as fleet:
        Sides(fleet, machine).say({}, {})
        status, told = await machine.doctor(MODULE)
    assert (status, looks(told)) == (0, [])
    assert "zip-not-compared" in [one["code"] for one in told["findings"]]
