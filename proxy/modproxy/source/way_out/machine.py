"""The machine's own settings for ways out, which count for a fleet on somebody's own machine: proxies and netrc file.

In a cluster they do not count: there the object says everything.
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from modproxy.mod.netrc import Netrc, parse_netrc
from modproxy.source.way_out.proxy_choice import ProxyChoice, from_environment

_FOR_PROGRAMS = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
"""Variables that the go command or git reads, each in upper and in lower case."""
_LARGEST_NETRC = 1 << 20
"""Characters of a netrc file that are read: far more than anybody has logins."""

log = logging.getLogger(__name__)


class Machine:
    """Reads the settings that the go command would read in an environment. The netrc file is read for each use."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.proxies: ProxyChoice = from_environment(env)
        names = [*_FOR_PROGRAMS, *map(str.lower, _FOR_PROGRAMS)]
        self.proxy_variables: dict[str, str] = {name: env[name] for name in names if env.get(name)}
        """The variables about proxies as they are, for programs."""
        home = env.get("HOME")
        default = Path(home) / ".netrc" if home else None
        named = Path(env["NETRC"]) if env.get("NETRC") else default
        self._netrc = None if env.get("GOAUTH", "").strip() == "off" else named

    @property
    def has_netrc(self) -> bool:
        """Whether there may be a netrc file."""
        return self._netrc is not None

    def netrc_variable(self) -> dict[str, str]:
        """Return the variable that names the netrc file, or nothing where there is no such file. Blocks."""
        return {"NETRC": str(self._netrc)} if self._netrc is not None and self._netrc.is_file() else {}

    def _netrc_text(self) -> str:
        if self._netrc is None:
            return ""
        try:
            with self._netrc.open(encoding="utf-8", errors="surrogateescape") as file:
                return file.read(_LARGEST_NETRC)
        except FileNotFoundError:
            return ""
        except OSError as e:
            log.warning("the netrc file cannot be read, so its logins do not count: %s", e.strerror)
            return ""

    def netrc(self) -> Netrc:
        """Return the logins of the netrc file. Blocks."""
        return parse_netrc(self._netrc_text())


def this_machine() -> Machine:
    """Return the settings of this process's environment."""
    return Machine(os.environ)
