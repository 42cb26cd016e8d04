"""Thousands of spoilt zips: all ways to check one lead to one answer. Each seed is a test that can be repeated."""

import random
import zlib

import pytest

from tests.modproxy.crafted_zip import Entry, crafted, deflated
from tests.modproxy.mod.ways_to_check import MOD, NESTED, NOISE, PREFIX, A, B, agree
from tests.modproxy.module_files import raw_zip


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """Change a zip here and there, mostly where its records are."""
    out = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 3])):
        match chance.randrange(8):
            case 0:
                out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
            case 1 | 2 | 3:
                signature = chance.choice([b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x07\x08"])
                places = [at for at in range(len(out) - 3) if out[at : at + 4] == signature]
                if places:
                    at = chance.choice(places) + chance.randrange(46)
                    if at < len(out):
                        out[at] = chance.choice([0, 1, 8, 255, out[at] ^ 1, chance.randrange(256)])
            case 4:
                at = chance.randrange(len(out))
                del out[at : at + chance.choice([1, 2, 16, 46])]
            case 5:
                at = chance.randrange(len(out))
                out[at:at] = chance.choice([b"\x00", b"PK\x07\x08", b"PK\x03\x04", b"PK\x05\x06", bytes(out[:50])])
            case 6:
                begin, to = chance.randrange(len(out)), chance.randrange(len(out))
                piece = out[begin : begin + chance.choice([4, 12, 30, 100])]
                out[to : to + len(piece)] = piece
            case _:
                out += chance.choice([b"x", bytes(22), bytes(out[-22:])])
    return bytes(out) or b"\x00"


@pytest.mark.parametrize("seed", range(6))
def test_spoilt_zips_are_judged_alike(seed: int) -> None:
    chance = random.Random(seed)
    sources = [
        crafted(A, MOD, B), crafted(A.but(described=False), B.but(method=0, described=False), MOD),
        crafted(A, Entry(PREFIX + "n.zip", NESTED, packed=deflated(NESTED, 0)), MOD),
        raw_zip({PREFIX + name: name.encode() * 40 for name in ("a", "b/c", "b/d", "É.go")}),
        crafted(*(Entry(f"{PREFIX}{number}", NOISE[number * 9 : number * 40]) for number in range(9))),
    ]  # fmt: skip
    outcomes = set()
    for _ in range(700):
        answer, usual = agree(spoilt(chance.choice(sources), chance), chance.choice([1, 50, 1000, 100_000]))
        outcomes.add((answer.startswith("h1:"), usual))
    assert outcomes == {(True, True), (True, False), (False, False)}


def test_deflated_data_is_judged_as_zlib_judges_it() -> None:
    chance = random.Random(1)
    whole_text = b"".join(b"func f%d(a, b int) int { return a * %d }\n" % (n, n * n) for n in range(60))
    good = deflated(whole_text)
    accepted = 0
    for _ in range(3000):
        spoilt_data = bytearray(good)
        for _ in range(chance.choice([1, 1, 2])):
            spoilt_data[chance.randrange(chance.choice([10, 60, len(good)]))] ^= 1 << chance.randrange(8)
        try:
            content = zlib.decompressobj(-15).decompress(bytes(spoilt_data))
        except zlib.error:
            content = b""
        entry = A.but(content=content, packed=bytes(spoilt_data))
        accepted += agree(crafted(entry))[0].startswith("h1:")
    assert accepted
