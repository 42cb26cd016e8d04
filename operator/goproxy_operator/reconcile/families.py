"""Who is tied to whom, from the objects as they are; and whose passes have to run when a tie comes or goes.

An object's own change makes its pass run. That pass reads anew what the object says of parents and children, and wakes
the others to whom it makes a difference: nothing is polled, and a fleet without ties wakes nobody.
"""

import logging
from collections.abc import Callable
from contextlib import suppress

from goproxy_operator.kube.resources import Key, log_fields
from goproxy_operator.observed.known_objects import NotKnownYetError
from goproxy_operator.reconcile.decide.family import ALONE, STRANGER, Family, Relative, Relatives

_log = logging.getLogger(__name__)
Read = Callable[[Key], Relative | None]


class Families:
    """Answers what a fleet is tied to.

    `wake` is told whose pass has to run. Where a method takes `read`, that returns what others have to know of a fleet,
    None for one that is gone.
    """

    def __init__(self, wake: Callable[[Key], None]) -> None:
        self._wake = wake
        self._known: dict[Key, Relative] = {}
        self._children: dict[Key, set[Key]] = {}
        self._unread: set[Key] = set()
        self._relatives = Relatives(self._known, self._children)
        self._listed = False

    def changed(self, fleet: Key) -> None:
        """Note that a fleet's object has changed, came or went."""
        self._unread.add(fleet)

    def all_changed(self, namespace: str | None = None) -> None:
        """Note that a class or the labels of a namespace (None: of any) have changed."""
        self._unread.update(key for key in self._known if namespace in (None, key.namespace))

    def listed(self) -> None:
        """Note that all objects are known, as far as they can be listed."""
        self._listed = True

    def of(self, fleet: Key, read: Read) -> Family:
        """Return what a fleet is tied to. Raises `NotKnownYetError` while a tie of it may not be known yet."""
        self.settle(read)
        known = self._known.get(fleet)
        if known is None or not known.counts:
            return ALONE
        if not self._listed:
            raise NotKnownYetError("not all GoProxy objects are listed yet, and this one has a parent or children")
        return self._relatives.family_of(fleet)

    def settle(self, read: Read) -> None:
        """Read what has changed, and wake those to whom it makes a difference."""
        woken: set[Key] = set()
        moved: list[Key] = []
        for fleet in list(self._unread):
            # What cannot be judged yet is read again by the next pass, as long as it cannot.
            with suppress(NotKnownYetError):
                new, old = _read_safely(read, fleet), self._known.get(fleet)
                self._unread.discard(fleet)
                if new != old:
                    moved.append(fleet)
                    woken.update(one.parent for one in (old, new) if one is not None and one.parent is not None)
                    self._put(fleet, old, new)
        if not moved:
            return
        self._relatives = Relatives(self._known, self._children)
        for fleet in moved:
            woken |= self._relatives.below(fleet)
        if self._listed:
            for fleet in woken & self._known.keys():
                self._wake(fleet)

    def _put(self, fleet: Key, old: Relative | None, new: Relative | None) -> None:
        if old is not None and old.parent is not None:
            siblings = self._children[old.parent]
            siblings.discard(fleet)
            if not siblings:
                del self._children[old.parent]
        if new is not None and new.parent is not None:
            self._children.setdefault(new.parent, set()).add(fleet)
        if new is None:
            self._known.pop(fleet, None)
        else:
            self._known[fleet] = new


def _read_safely(read: Read, fleet: Key) -> Relative | None:
    """Read what a fleet says. One that nobody can read has no ties, and its own pass tells what is wrong."""
    try:
        return read(fleet)
    except NotKnownYetError:
        raise
    except Exception as e:
        _log.warning("%s/%s: its parent and children cannot be read: %r", *fleet, e, extra=log_fields(fleet))
        return STRANGER
