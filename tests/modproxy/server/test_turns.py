"""Who gets a turn where answers cost much."""

from contextlib import ExitStack

from modproxy.identity.principal import ANONYMOUS, AuthMethod, Principal
from modproxy.server.turns import Turns

JANE = Principal("jane", method=AuthMethod.BASIC)


def test_one_principal_leaves_turns_for_others() -> None:
    turns = Turns(8)
    with ExitStack() as stack:
        had = [stack.enter_context(turns.turn(ANONYMOUS)) for _ in range(20)]
        assert sum(had) == 6
        assert [stack.enter_context(turns.turn(JANE)) for _ in range(3)] == [True, True, False]
    with turns.turn(ANONYMOUS) as again:
        assert again
