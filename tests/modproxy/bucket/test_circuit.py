from modproxy.bucket.circuit import FIRST_PAUSE, LONGEST_PAUSE, TRIAL_SECONDS, Circuit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_store_that_answers_is_asked_by_all() -> None:
    circuit = Circuit(Clock())
    assert all(circuit.may_ask() for _ in range(9))


def test_after_a_failure_one_at_a_time_finds_out() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    circuit.failed()
    assert not circuit.may_ask()
    clock.now += FIRST_PAUSE
    assert [circuit.may_ask() for _ in range(3)] == [True, False, False]
    circuit.abandoned()
    assert [circuit.may_ask() for _ in range(2)] == [True, False]
    circuit.failed()
    clock.now += FIRST_PAUSE
    assert not circuit.may_ask(), "each failure doubles the pause"
    clock.now += FIRST_PAUSE
    assert circuit.may_ask()
    circuit.answered()
    assert all(circuit.may_ask() for _ in range(9))


def test_requests_that_were_under_way_together_count_once() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    for _ in range(50):
        circuit.failed()
    clock.now += FIRST_PAUSE
    assert circuit.may_ask()


def test_pauses_have_an_end_and_a_trial_too() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    for _ in range(40):
        circuit.failed()
        clock.now += LONGEST_PAUSE
        assert circuit.may_ask()
    clock.now += TRIAL_SECONDS
    assert circuit.may_ask(), "the one before has told nothing"
