"""The logins of a netrc file, as the go command uses them: for https only. Pure.

Source of the rules: `parseNetrc` and `loadCredential` of cmd/go/internal/auth.
"""

from urllib.parse import urlsplit

from modproxy.mod.login import UrlLogin

Netrc = dict[str, UrlLogin]
"""Logins by machine, which may have a port and a path after its name."""


def parse_netrc(text: str) -> Netrc:
    """Read a netrc file. Of several entries for a machine, the first counts. Words that mean nothing are ignored."""
    found: Netrc = {}
    machine = login = password = ""
    in_macro = False
    for line in text.split("\n"):
        if in_macro:
            in_macro = line != ""
            continue
        words = line.split()
        for name, value in zip(words[::2], words[1::2], strict=False):
            match name:
                case "machine":
                    machine, login, password = value, "", ""
                case "login":
                    login = value
                case "password":
                    password = value
                case "macdef":
                    in_macro = True
            if machine and login and password:
                found.setdefault(machine.removeprefix("https://").rstrip("/"), UrlLogin(login, password))
                machine = login = password = ""
        if len(words) % 2 and words[-1] == "default":
            break  # the go command uses no default entry
    return found


def may_have_login(url: str) -> bool:
    """Say whether a netrc file may have a login for a URL. Plain http gets none."""
    return urlsplit(url).scheme == "https"


def login_for(netrc: Netrc, url: str) -> UrlLogin | None:
    """Return the login for a URL: of its longest prefix that is a machine, or None. Plain http gets none."""
    if not may_have_login(url):
        return None
    parts = urlsplit(url)
    place = f"{parts.netloc}{parts.path}".rstrip("/")
    while place:
        if place in netrc:
            return netrc[place]
        place = place.rpartition("/")[0]
    return None
