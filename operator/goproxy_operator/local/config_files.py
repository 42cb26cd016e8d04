"""The files that a replica watches: its config, and the allowlist beside it."""

import os
from pathlib import Path

from goproxy_operator.desired.config.document import CONFIG_FILE
from goproxy_operator.desired.config.modules import ALLOWLIST_FILE
from modproxy.contract.config import Config, config_hash, dump_config


def write_config(folder: Path, config: Config, allowlist: str | None) -> str:
    """Write the files that differ, and return the hash of what is now there. Raises `OSError`.

    An `allowlist` of None, while the config names one, means that its ConfigMap is missing. Then the last known list
    holds; at first nothing is allowed.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = folder / ALLOWLIST_FILE
    text = dump_config(config)
    if config.modules.allowlist_file is None:
        _write(folder / CONFIG_FILE, text)
        beside.unlink(missing_ok=True)
        return config_hash(text)
    if allowlist is None:
        allowlist = beside.read_text() if beside.exists() else ""
    # The allowlist comes before the config that names it.
    _write(beside, allowlist)
    _write(folder / CONFIG_FILE, text)
    return config_hash(text, allowlist)


def _write(path: Path, text: str) -> None:
    """Replace the file whole, so that its reader never sees half of it. Leave it alone when the text is the same."""
    if path.exists() and path.read_text() == text:
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)
