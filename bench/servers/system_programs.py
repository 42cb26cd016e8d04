"""nginx and wrk, which the system's packages bring."""

import os
import shutil

_PLACES = os.pathsep.join(["/usr/sbin", "/usr/local/sbin"])
"""Where nginx lies on systems that keep it out of a user's PATH."""


class NotInstalledError(RuntimeError):
    """A program is absent; the message says how to install it."""


def find(name: str) -> str | None:
    """Return the path of a program, None when the system has none."""
    return shutil.which(name) or shutil.which(name, path=_PLACES)


def require(*names: str) -> None:
    """Raise `NotInstalledError` unless all these programs are there."""
    absent = [name for name in names if find(name) is None]
    if absent:
        packages = " ".join(absent)
        raise NotInstalledError(
            f"{' and '.join(absent)} cannot be found: install what is absent with `apt-get install {packages}` "
            f"on Debian or Ubuntu, or with `brew install {packages}`."
        )
