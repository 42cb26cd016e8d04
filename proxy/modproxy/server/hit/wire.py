"""The bytes of a hit's answer: what aiohttp's route sends, made of the same decision. Pure."""

from dataclasses import replace
from email.utils import formatdate
from functools import lru_cache
from typing import NamedTuple

from modproxy.cache.answer import Answer
from modproxy.request import AnyTarget
from modproxy.server.decide.head import REQUEST_ID, Conditions, head_of

_AGED = 1.0
"""An age at which there is an Age header."""


BEFORE_ID = b"HTTP/1.1 200 OK\r\nX-Request-Id: "
"""What goes before the id of the request: the id is a request's own, all that follows belongs to the hit."""


class Template(NamedTuple):
    """A head after the id of the request, without its Age header and without the date."""

    before: bytes
    """The headers before Age, from the end of the id's line on."""
    after: bytes
    """The headers after Age, up to the value of Date."""

    def head(self, age: int, second: int) -> bytes:
        """Return what follows the id in the head of an answer of this age, in seconds, that is sent in this second of
        Unix time.
        """
        date = date_of(second)
        if age:
            return b"%bAge: %d\r\n%b%b\r\n\r\n" % (self.before, age, self.after, date)
        return b"%b%b%b\r\n\r\n" % (self.before, self.after, date)


def template_of(target: AnyTarget, answer: Answer) -> Template:
    """Make the template for an answer that is sent whole, with the headers in the order of aiohttp."""
    headers = head_of(target, replace(answer, age=_AGED), Conditions(), "").headers
    before, after = b"\r\n", b""
    past_age = False
    for name, value in headers.items():
        if name == REQUEST_ID:
            continue
        if name == "Age":
            past_age = True
            continue
        line = f"{name}: {value}\r\n".encode("ascii")
        before, after = (before, after + line) if past_age else (before + line, after)
    return Template(_shared(before), after + b"Content-Length: %d\r\nDate: " % (answer.size or 0))


@lru_cache(maxsize=64)
def _shared(before: bytes) -> bytes:
    """Return one object for all equal beginnings: there are few different ones, and thousands of templates."""
    return before


@lru_cache(maxsize=2)
def date_of(second: int) -> bytes:
    """Return the value of a Date header (RFC 9110, section 5.6.7) for a second since the epoch."""
    return formatdate(second, usegmt=True).encode("ascii")
