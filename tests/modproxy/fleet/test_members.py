"""Who of a fleet is there, by what greetings have told."""

import pytest

from modproxy.fleet.greeting import Greeting, GreetingError, read_greeting, write_greeting
from modproxy.fleet.members import LEAVING_SECONDS, MOST_ADDRESSES, OUT_SECONDS, TOLD_AFTER_SECONDS, Members, Trouble

A, B, C = "10.0.0.1:8082", "10.0.0.2:8082", "10.0.0.3:8082"


def members() -> Members:
    made = Members("replica-0", "me", "fleet")
    made.list_is([A, B, C], 0.0)
    return made


def greeting(name: str, instance: str = "", *, fleet: str = "fleet", leaving: bool = False) -> Greeting:
    return Greeting(name, instance or f"process of {name}", fleet, "1.0", leaving)


def test_who_answers_is_live_and_this_process_is_no_peer() -> None:
    made = members()
    made.greeted(A, greeting("replica-0", "me"), 0.0)
    made.greeted(B, greeting("replica-1"), 0.0)
    assert (made.seen(), made.known, made.owners) == (("replica-1",), 2, ("replica-0", "replica-1"))
    assert made.trouble(1000.0) is None


def test_a_name_outlives_its_address() -> None:
    made = members()
    made.greeted(B, greeting("replica-1", "old"), 0.0)
    made.list_is([A, C], 1.0)
    assert made.seen() == ()
    made.greeted(C, greeting("replica-1", "new"), 2.0)
    peer = made.find("replica-1")
    assert peer is not None
    assert (peer.address, len(made.owners)) == (C, 2)


def test_a_process_at_two_addresses_is_one_peer() -> None:
    made = members()
    made.greeted(B, greeting("replica-1"), 0.0)
    made.greeted(C, greeting("replica-1"), 0.0)
    assert made.seen() == ("replica-1",)
    assert made.trouble(1000.0) is None


@pytest.mark.parametrize("trouble", list(Trouble))
def test_who_fails_is_left_out_at_once_and_told_after_a_while(trouble: Trouble) -> None:
    made = members()
    made.greeted(B, greeting("replica-1"), 0.0)
    peer, gone = made.live[0], list[str]()
    peer.on_gone.add(lambda: gone.append(peer.name))
    made.failed(B, trouble, 1.0)
    assert (made.live, peer.gone, gone) == ((), True, ["replica-1"])
    assert (made.may_greet(B, 1.0), made.may_greet(B, 1.0 + OUT_SECONDS)) == (False, True)
    assert made.trouble(2.0) is None
    told = made.trouble(1.0 + TOLD_AFTER_SECONDS)
    assert told is not None
    assert (told[0], told[2]) == (f"replica-1 ({B}) {trouble.value}", 1.0)
    assert told[1]
    made.greeted(B, greeting("replica-1"), 100.0)
    assert (made.seen(), made.trouble(1000.0)) == (("replica-1",), None)


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        pytest.param(greeting("replica-1", fleet="another"), Trouble.FOREIGN, id="foreign"),
        pytest.param(greeting("replica-1", "twin"), Trouble.TWICE, id="the name of a peer"),
        pytest.param(greeting("replica-0", "twin"), Trouble.TWICE, id="the name of this replica"),
    ],
)
def test_who_is_no_peer_is_told(answer: Greeting, trouble: Trouble) -> None:
    made = members()
    made.greeted(B, greeting("replica-1"), 0.0)
    made.greeted(C, answer, 0.0)
    assert made.seen() == ("replica-1",)
    told = made.trouble(TOLD_AFTER_SECONDS)
    assert told is not None and trouble.value in told[0]


def test_who_leaves_is_no_owner_and_no_trouble() -> None:
    made = members()
    made.greeted(B, greeting("replica-1"), 0.0)
    made.greeted(C, greeting("replica-2"), 0.0)
    made.greeted(B, greeting("replica-1", leaving=True), 1.0)
    made.said_to_leave("replica-2", 1.0)
    made.said_to_leave("nobody", 1.0)
    assert (made.live, made.trouble(1000.0)) == ((), None)
    made.greeted(B, greeting("replica-1", "new"), 5.0)
    made.leaving = True
    assert made.owners == ("replica-1",)


def test_who_leaves_is_asked_for_what_it_holds_until_its_end() -> None:
    made = Members("replica-0", "here", "fleet")
    made.list_is([A, B], 0.0)
    made.greeted(B, greeting("replica-1"), 0.0)
    (peer,) = made.live
    told: list[str] = []
    peer.on_gone.add(lambda: told.append("gone"))
    made.said_to_leave("replica-1", 1.0)
    made.list_is([A], 1.0)  # as the list of a Service does
    assert (made.live, made.owners, made.holders(1.0)) == ((), ("replica-0",), {"replica-1": peer})
    assert not told, "who waits for an answer gets it"
    assert made.holders(1.0 + LEAVING_SECONDS) == {}
    made.failed(B, Trouble.DOWN, 2.0)
    assert (made.holders(2.0), told) == ({}, ["gone"])


def test_who_comes_back_is_asked_as_itself() -> None:
    made = Members("replica-0", "here", "fleet")
    made.list_is([A, B, C], 0.0)
    made.greeted(B, greeting("replica-1", "old"), 0.0)
    made.greeted(B, greeting("replica-1", "old", leaving=True), 1.0)
    (old,) = made.holders(1.0).values()
    made.greeted(C, greeting("replica-1", "new"), 5.0)
    assert {name: peer.instance for name, peer in made.holders(5.0).items()} == {"replica-1": "new"}
    assert old.gone


def test_moves_are_counted_when_owners_change() -> None:
    made = members()
    made.greeted(B, greeting("replica-1"), 0.0)
    made.greeted(B, greeting("replica-1"), 1.0)
    assert made.moves == 1
    made.failed(B, Trouble.DOWN, 2.0)
    made.failed(B, Trouble.DOWN, 3.0)
    assert made.moves == 2


def test_a_list_that_is_too_long_is_cut_and_told() -> None:
    made = members()
    made.list_is((f"10.1.{n // 250}.{n % 250}:1" for n in range(MOST_ADDRESSES + 1)), 0.0)
    assert len(made.addresses) == MOST_ADDRESSES
    told = made.trouble(0.0)
    assert told is not None and str(MOST_ADDRESSES) in told[0]


def test_what_fails_and_is_in_no_list_is_forgotten() -> None:
    made = members()
    made.failed("10.9.9.9:1", Trouble.DOWN, 0.0)
    made.greeted("10.9.9.9:1", greeting("replica-1"), 0.0)
    assert (made.live, made.trouble(1000.0)) == ((), None)


def test_a_greeting_is_read_as_it_was_written() -> None:
    made = greeting("replica-1", leaving=True)
    assert read_greeting(write_greeting(made)) == made


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{}", b'{"name":"a"}', b'{"name":"../x","instance":"i"}', b'{"name":1,"instance":"i"}',
        b'{"name":"a","instance":""}', b'{"name":"a","instance":7}', b'{"name":"a","instance":"i","leaving":"yes"}',
        b'{"name":"a","instance":"i\\n"}', b'{"name":"a","name":"b","instance":"i"}', b"[" * 4000, b"x" * 5000,
        b'{"name":"' + b"a" * 254 + b'","instance":"i"}', b"\xff\xfe",
    ],
)  # fmt: skip
def test_what_is_no_greeting_is_refused(body: bytes) -> None:
    with pytest.raises(GreetingError):
        read_greeting(body)
