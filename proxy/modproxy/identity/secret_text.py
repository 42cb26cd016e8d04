"""The text of one key of a mounted Secret, or in words what is wrong with it."""

from pathlib import Path


class SecretTextError(ValueError):
    """A key of a Secret cannot be used; the message says why, and never shows its content."""


def read_text(folder: Path, key: str, most: int) -> str | None:
    """Return the text of a key; None where the Secret has no such key. Blocks. Raises `SecretTextError`."""
    try:
        with (folder / key).open("rb") as file:
            content = file.read(most + 1)
    except FileNotFoundError:
        if folder.exists():
            return None
        # Of a Secret with none of the keys that are mounted there is no folder either.
        raise SecretTextError(f"Secret {folder.name} is not found or not mounted yet, or has no key {key}") from None
    except OSError as e:
        raise SecretTextError(f"key {key} of Secret {folder.name} cannot be read: {e.strerror}") from None
    if len(content) > most:
        raise SecretTextError(f"key {key} of Secret {folder.name} has more than {most} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise SecretTextError(f"key {key} of Secret {folder.name} is not UTF-8 text") from None
