"""When files were used last: what is noted, and what is written down."""

import time
from pathlib import Path

from modproxy.store.use import Use


def test_what_was_used_lately_is_not_noted_again(tmp_path: Path) -> None:
    use = Use(tmp_path)
    use.note("a", time.time() - 10)
    use.note("b", time.time() - 10_000)
    assert set(use.take()) == {"b"}
    assert not use.take()
    use.write_down({"gone": 1.0})
