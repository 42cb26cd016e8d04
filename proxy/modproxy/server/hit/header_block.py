"""Which header blocks leave the answer to a GET alone, and the memory of those that do.

A header block is all that follows a request line: header lines and the empty line, each with its CRLF.
"""

import math
import re
from collections.abc import Collection

from modproxy.identity.presented import WhoAsks
from modproxy.identity.principal import ANONYMOUS, Principal
from modproxy.policy.permissions import Permissions
from modproxy.server.decide.arrival import is_request_id
from modproxy.server.decide.refusals import host_name
from modproxy.server.hit.caller import Asker, Caller
from modproxy.server.hit.repeated import Repeated

_LONGEST_BLOCK = 2048
"""Bytes: the headers of a go command have about 120, with a credential up to 1500."""
_LONGEST_LINE = 1600
"""Bytes: room for a bearer token. Longer lines are left to aiohttp."""
_MOST_LINES = 40
_MOST_BLOCKS = 1024
"""How many blocks are remembered: at most 2 MiB, commonly a few kilobytes, because few programs make all requests."""
_MOST_KNOWN_LINES = 1024
_MOST_RIGHTS = 64
"""Sets of rules that are for somebody: a config has at most so many rules, and few combinations of them."""

_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e]*)")
"""A header line as RFC 9110, section 5.1 and 5.5 have it: the name is a token directly before the colon. Bytes above
0x7e are lawful in values and rare; aiohttp judges them.
"""
_HOST = re.compile(rb"(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_NOT_SIMPLE = frozenset(
    {
        # They frame a body, which a simple request does not have.
        b"transfer-encoding", b"trailer", b"te",
        # They change how the connection goes on.
        b"connection", b"proxy-connection", b"keep-alive", b"upgrade", b"http2-settings", b"expect",
        # They ask for a part of the file.
        b"range",
        # They make the handler decide otherwise: a loop, a request for what is held only.
        b"via", b"disable-module-fetch",
    }
)  # fmt: skip
"""Names of headers that change the answer of aiohttp or of the handler. No rule reads the others."""
_NOT_SIMPLE_FAMILIES = (b"if-", b"content-", b"sec-")
"""Beginnings of such names: conditions, descriptions of a body, and what belongs to an upgrade to WebSocket."""


_ANYBODY = ANONYMOUS, math.inf
_AUTHORIZATION_ALONE = frozenset({b"authorization"})


class HeaderBlocks:
    """Knows who asks, by the header block. Blocks and lines are remembered when they come for the second time, so that
    blocks with a header that is new in each request push nothing out.

    A memory holds for one set of hosts, one set of permissions, and until `identities` forgets what it has proved.
    """

    def __init__(self, hosts: Collection[str], identities: WhoAsks, permissions: Permissions) -> None:
        self._hosts = hosts
        self._identities = identities
        self._permissions = permissions
        self._telling = frozenset(name.encode("ascii") for name in identities.headers)
        """The names of the headers that say who asks."""
        self.known: dict[bytes, Asker] = {}
        """Who asks, by block, without the CRLF that ends the request line."""
        self._callers: dict[Principal, Caller] = {}
        self._readable: dict[tuple[str, ...], set[str | None]] = {}
        """The modules that callers may read, by the rules that are for them."""
        self._anybody = self._caller(ANONYMOUS)
        self._lines: dict[bytes, bytes] = {}
        """The lower-case name of each line that is known to leave the answer alone."""
        self._seen_blocks = Repeated()
        self._seen_lines = Repeated()

    def asker_of(self, block: bytes) -> Asker | None:
        """Return who asks; None for a block that is left to aiohttp."""
        asker = self._judge(block)
        if asker is not None and self._seen_blocks.again(block):
            if len(self.known) >= _MOST_BLOCKS:
                del self.known[next(iter(self.known))]
            self.known[block] = asker
        return asker

    def _judge(self, block: bytes) -> Asker | None:
        if len(block) > _LONGEST_BLOCK or block.find(b"\r\n\r\n") != len(block) - 4:
            return None
        lines = block[:-4].split(b"\r\n")
        if len(lines) > _MOST_LINES:
            return None
        names = [self._lines.get(line) or self._name_of(line) for line in lines]
        # Names that come twice are left to aiohttp: it refuses some, Host among them, and joins others.
        if None in names or b"host" not in names or len(set(names)) < len(names):
            return None
        proved = self._proved(lines, names) if self._telling else _ANYBODY
        if proved is None:
            return None
        principal, until = proved
        own = _value(lines[names.index(b"x-request-id")]) if b"x-request-id" in names else b""
        caller = self._anybody if principal is ANONYMOUS else self._caller(principal)
        return Asker(caller, until, own if is_request_id(own) else None)

    def _proved(self, lines: list[bytes], names: list[bytes | None]) -> tuple[Principal, float] | None:
        """Return whom the headers prove, and until when; None where only the handler can find it out."""
        telling = self._telling.intersection(name for name in names if name is not None)
        if not telling:
            return _ANYBODY
        if telling != _AUTHORIZATION_ALONE:
            return None
        return self._identities.remembered(_value(lines[names.index(b"authorization")]).decode("ascii"))

    def _caller(self, principal: Principal) -> Caller:
        caller = self._callers.get(principal)
        if caller is None:
            if len(self._callers) >= _MOST_BLOCKS:
                del self._callers[next(iter(self._callers))]
            caller = self._callers[principal] = Caller(principal, self._permissions, self._readable_by(principal))
        return caller

    def _readable_by(self, principal: Principal) -> set[str | None]:
        rules = self._permissions.rules_for(principal)
        readable = self._readable.get(rules)
        if readable is None:
            if len(self._readable) >= _MOST_RIGHTS:
                del self._readable[next(iter(self._readable))]
            readable = self._readable[rules] = set()
        return readable

    def _name_of(self, line: bytes) -> bytes | None:
        """Return the lower-case name of a header that leaves the answer alone, else None."""
        found = _LINE.fullmatch(line)
        if found is None or len(line) > _LONGEST_LINE:
            return None
        name = found[1].lower()
        if name in _NOT_SIMPLE or name.startswith(_NOT_SIMPLE_FAMILIES):
            return None
        if name == b"host" and not self._is_ours(found[2].rstrip(b" \t")):
            return None
        if self._seen_lines.again(line):
            if len(self._lines) >= _MOST_KNOWN_LINES:
                del self._lines[next(iter(self._lines))]
            self._lines[line] = name
        return name

    def _is_ours(self, host: bytes) -> bool:
        if not _HOST.fullmatch(host):
            return False
        return not self._hosts or host_name(host.decode("ascii")) in self._hosts


def _value(line: bytes) -> bytes:
    """Return the value of a header line that matches `_LINE`."""
    return line.partition(b":")[2].strip(b" \t")
