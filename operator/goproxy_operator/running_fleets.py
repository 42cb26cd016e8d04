"""The state file of a fleet on this machine: `goproxy-operator local` writes it, and commands find the fleet by it.

It lies in the fleet's data folder, which is the user's own. What is read is bounded and checked all the same: a folder
may be named that somebody else has filled. It holds no secret.
"""

import contextlib
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from goproxy_operator.private_file import write_private

FILE = "fleet.json"
SCHEMA_VERSION = 1
_LARGEST = 1 << 20
"""Bytes of a state file: an object has at most as many as etcd takes, and replicas have few each."""
_MOST_FLEETS = 64
"""Folders that are looked at where no folder is named: more than one machine runs."""
_Port = Annotated[int, Field(ge=0, le=65535)]
_Name = Annotated[str, Field(max_length=253)]


class RunningReplica(BaseModel):
    """One replica of a local fleet."""

    model_config = ConfigDict(frozen=True)

    name: _Name
    admin_port: _Port
    """Where its admin listener is, on 127.0.0.1."""
    pid: int | None = None
    """None while no process runs, such as between a death and the next start."""
    config: Annotated[str, Field(max_length=64)] = ""
    """The hash of the config that was written for it last."""


class RunningFleet(BaseModel):
    """A fleet that runs on this machine, or ran until its runner was killed."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = SCHEMA_VERSION
    name: _Name
    pid: Annotated[int, Field(gt=0)]
    """The process that runs `goproxy-operator local`."""
    file: Annotated[str, Field(max_length=4096)]
    """The file that it was given, as an absolute path."""
    url: Annotated[str, Field(max_length=2048)]
    """What clients put into GOPROXY."""
    item: dict[str, Any]
    """The object, with its `metadata` and `spec`."""
    replicas: Annotated[tuple[RunningReplica, ...], Field(max_length=1024)] = ()


class StateFileError(Exception):
    """The state file cannot be read; the message says which file, and why."""


def local_folder(name: str = "") -> Path:
    """Return the data folder of the fleet with this name, or the folder of all. `RuntimeError` without a home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    caches = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    return caches / "goproxy-operator" / "local" / name


def write_state(folder: Path, fleet: RunningFleet) -> None:
    """Write the file, whole or not at all, readable by this user alone. Raises `OSError`."""
    write_private(folder / FILE, fleet.model_dump_json().encode())


def remove_state(folder: Path) -> None:
    """Remove the file, if it is there."""
    with contextlib.suppress(OSError):
        (folder / FILE).unlink()


def read_state(folder: Path) -> RunningFleet | None:
    """Return the fleet that runs in a data folder; None where none runs. Raises `StateFileError`.

    A file that a killed runner left behind is none: the process that it names is gone.
    """
    path = folder / FILE
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as e:
        raise StateFileError(f"{path}: {e.strerror}") from None
    try:
        if len(text) > _LARGEST:
            raise ValueError
        fleet = RunningFleet.model_validate_json(text)
    except (ValidationError, ValueError):
        raise StateFileError(f"{path} is no state of a local fleet: start goproxy-operator local anew") from None
    if fleet.schema_version != SCHEMA_VERSION:
        raise StateFileError(f"{path} was written by another version of goproxy-operator: use that version here too")
    return fleet if _runs(fleet.pid) else None


def running_fleets() -> list[RunningFleet]:
    """Return the fleets that run in the default folders of this user, by name. What cannot be read is left out."""
    found: list[RunningFleet] = []
    try:
        folders = sorted(path for path in local_folder().iterdir() if (path / FILE).exists())[:_MOST_FLEETS]
    except (OSError, RuntimeError):
        return found
    for folder in folders:
        with contextlib.suppress(StateFileError):
            if (fleet := read_state(folder)) is not None:
                found.append(fleet)
    return found


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
