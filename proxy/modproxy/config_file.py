"""How the config file and the allowlist file beside it are read, and how their changes are noticed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from modproxy.contract.config import Config, ConfigError, config_hash, parse_config
from modproxy.contract.mounted import file_mark
from modproxy.mod.pattern import PatternError, parse_lines

log = logging.getLogger(__name__)
_POLL_SECONDS = 0.5
"""The files are polled, because a ConfigMap volume changes by swapping a link two folders up, and because polling works
on every file system.
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Keeps the documents together that one config consists of, as they were read."""

    config: Config
    allowlist: str | None
    """The text of the allowlist file; None when the config names no such file."""
    hash: str
    """Names the documents: `config_hash` of both."""


def load(path: Path) -> Loaded:
    """Read and check both files.

    Raises `ConfigError`, which names the file, the field or the line, and what is wrong.
    """
    text = _read(path)
    try:
        config = parse_config(text)
    except ConfigError as e:
        raise ConfigError(f"{path}: {e}") from None
    listed = None
    if config.modules.allowlist_file is not None:
        beside = path.parent / config.modules.allowlist_file
        listed = _read(beside)
        try:
            parse_lines(listed)
        except PatternError as e:
            raise ConfigError(f"{beside}: {e}") from None
    return Loaded(config, listed, config_hash(text, listed))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as e:
        raise ConfigError(f"{path}: {e.strerror}") from None
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path}: not UTF-8 text: {e.reason} at byte {e.start}") from None
    except ValueError as e:  # a name with a zero byte
        raise ConfigError(f"{path}: {e}") from None


async def changes(
    path: Path, current: Loaded, alive: Callable[[], None] = lambda: None
) -> AsyncIterator[Loaded | ConfigError]:
    """Yield each new state of the files after `current`: the new documents, or why they cannot be taken. Never ends.

    `alive` is called before each look at the files.
    """
    last: Loaded | ConfigError = current
    seen = None
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        alive()
        allowlist_file = current.config.modules.allowlist_file
        marks = [file_mark(path), allowlist_file and file_mark(path.parent / allowlist_file)]
        if marks == seen:
            continue
        seen = marks
        now = _look(path)
        if _is_news(last, now):
            last = now
            if isinstance(now, Loaded):
                current = now
                seen = None  # the config may name another allowlist file now
            yield now


def _look(path: Path) -> Loaded | ConfigError:
    """Read both files, whatever they hold: the replica has to go on, and to tell why it does not take them."""
    try:
        return load(path)
    except ConfigError as e:
        return e
    except Exception as e:
        log.exception("an unexpected error kept a config from being read")
        return ConfigError(f"{path}: cannot be read, by a fault of this program: {type(e).__name__}: {e}")


def _is_news(last: Loaded | ConfigError, now: Loaded | ConfigError) -> bool:
    if isinstance(last, Loaded) and isinstance(now, Loaded):
        return last.hash != now.hash
    return str(last) != str(now)
