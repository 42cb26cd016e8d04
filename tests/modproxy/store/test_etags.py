"""Tags of files: one for each state, and a bounded number of them."""

from modproxy.store.etags import Etags


def test_a_tag_is_made_once_for_each_state_of_a_file() -> None:
    tags = Etags(lambda _key, _mark: "", 2)
    first = tags.of("a", (1, 1, 1), [b"x"]).tag
    assert tags.of("a", (1, 1, 1), [b"never looked at"]).tag == first
    assert tags.of("a", (1, 1, 2), [b"w"]).tag != first, "another file of the same size and time"
    assert tags.of("a", (1, 2, 1), [b"y"]).tag != first
    tags.of("b", (1, 1, 1), [b"x"])
    tags.of("c", (1, 1, 1), [b"x"])
    assert tags.of("a", (1, 2, 1), [b"z"]).tag != tags.of("a", (1, 3, 1), [b"y"]).tag, "the oldest was forgotten"
    tags.forget("a")
    tags.forget("a")
