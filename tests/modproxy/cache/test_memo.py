"""The bounded memory of values that expire."""

from modproxy.cache.memo import Memo


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
    memo.forget("d")
    assert memo.get("d") is None
