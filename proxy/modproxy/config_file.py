"""Reading the config file and the allowlist beside it, and noticing that they changed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from modproxy.contract.config import Config, ConfigError, config_hash, parse_config
from modproxy.contract.mounted import file_mark
from modproxy.mod.pattern import PatternError, parse_lines

_POLL_SECONDS = 0.5
"""Polled, because a ConfigMap volume changes by swapping a link two folders up, and because it works everywhere."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The documents in force: the config, the allowlist file's text if one is named, and the hash of both."""

    config: Config
    allowlist: str | None
    hash: str


def load(path: Path) -> Loaded:
    """Read and check both files, or raise `ConfigError` naming the file, the field or line, and what is wrong."""
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


async def changes(path: Path, current: Loaded) -> AsyncIterator[Loaded | ConfigError]:
    """Yield each new state of the files after `current`: what they say now, or why that cannot be taken. For ever."""
    last: Loaded | ConfigError = current
    seen = None
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        allowlist_file = current.config.modules.allowlist_file
        marks = [file_mark(path), allowlist_file and file_mark(path.parent / allowlist_file)]
        if marks == seen:
            continue
        seen = marks
        try:
            now: Loaded | ConfigError = load(path)
        except ConfigError as e:
            now = e
        if _is_news(last, now):
            last = now
            if isinstance(now, Loaded):
                current = now
                seen = None  # the allowlist may be another file now
            yield now


def _is_news(last: Loaded | ConfigError, now: Loaded | ConfigError) -> bool:
    if isinstance(last, Loaded) and isinstance(now, Loaded):
        return last.hash != now.hash
    return str(last) != str(now)
