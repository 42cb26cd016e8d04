"""The Secret of webhooks while it is read: whoever asks meanwhile sees the keys of before, or the new ones."""

import os
import threading
from pathlib import Path

from modproxy.sync.webhook_secret import WebhookSecret


def test_a_reader_never_sees_no_keys(tmp_path: Path) -> None:
    folder = tmp_path / "hook"
    folder.mkdir()
    (folder / "secret").write_text("old")
    known = WebhookSecret()
    known.look(folder)
    assert known.keys.secrets == ("old",)
    # A key that is a pipe holds up who reads it, for as long as nobody writes.
    (folder / "secret").unlink()
    os.mkfifo(folder / "secret")
    reading = threading.Thread(target=known.look, args=[folder])
    reading.start()
    writer = os.open(folder / "secret", os.O_WRONLY)  # it returns once the other end is being read
    assert known.keys.secrets == ("old",)
    os.write(writer, b"new")
    os.close(writer)
    reading.join(10)
    assert not reading.is_alive()
    assert known.keys.secrets == ("new",)


def test_a_secret_that_cannot_be_used_ends_the_one_of_before(tmp_path: Path) -> None:
    folder = tmp_path / "hook"
    folder.mkdir()
    (folder / "secret").write_text("old")
    known = WebhookSecret()
    known.look(folder)
    (folder / "secret").write_text("")
    known.look(folder)
    assert (known.keys.secrets, known.problem is not None) == ((), True)
    known.look(None)
    assert known.problem is None
