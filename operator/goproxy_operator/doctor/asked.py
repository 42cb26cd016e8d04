"""What `doctor` is asked about: nothing, a module, or a version of one. Pure."""

import argparse
import re
from dataclasses import dataclass

from modproxy.contract.report_fields import plain_text
from modproxy.mod.path import ModulePath, PathError, check_path, escape

LATEST = "latest"
START_PAGE = "its start page"
"""What is asked for where no module is named."""
_LONGEST = 1024
_VERSION = re.compile(r"[A-Za-z0-9._+~-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. Both texts were checked by `question`."""

    module: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.module}@{self.version}" if self.version else self.module or START_PAGE

    @property
    def is_version(self) -> bool:
        """Whether one version is named, and not only the newest one."""
        return bool(self.version) and self.version != LATEST

    def url(self, base: str) -> str:
        """Return where a module proxy at `base` is asked about it."""
        if not self.module:
            return f"{base}/"
        path = escape(ModulePath(self.module))
        if self.version == LATEST:
            return f"{base}/{path}/@latest"
        return f"{base}/{path}/@v/{f'{escape(self.version)}.mod' if self.version else 'list'}"


def question(text: str) -> Asked:
    """Read MODULE or MODULE@VERSION, for argparse."""
    module, at, version = text.partition("@")
    shown = plain_text(text[:80])
    if not module or (at and not version) or len(text) > _LONGEST or not text.isprintable() or " " in text:
        raise argparse.ArgumentTypeError(f"{shown} is no module: write MODULE or MODULE@VERSION")
    if "://" in text or (version and not _VERSION.fullmatch(version)):
        raise argparse.ArgumentTypeError(f"{shown} is no module: write MODULE or MODULE@VERSION, without https://")
    try:
        check_path(module)
    except PathError as e:
        raise argparse.ArgumentTypeError(str(e)) from None
    return Asked(module, version)
