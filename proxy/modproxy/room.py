"""Room for files that are being written: bytes are reserved before they are written, so that no limit is exceeded.

A room belongs to the event loop: no thread may call it.
"""

import asyncio
import contextlib
from collections.abc import Callable


class Room:
    """Says how many bytes may still be written, and to whom they are promised.

    `free` returns how many bytes the place could take if none of them were reserved.
    """

    def __init__(self, free: Callable[[], int]) -> None:
        self._free = free
        self.reserved = 0
        """The bytes that are promised now."""
        self._waiters: set[asyncio.Future[None]] = set()

    def reserve(self, size: int) -> "Reservation | None":
        """Promise `size` bytes. Returns None when there is no room for them."""
        reservation = Reservation(self)
        return reservation if reservation.grow_to(size) else None

    async def wait_and_reserve(self, size: int, seconds: float) -> "Reservation | None":
        """Promise `size` bytes as soon as there is room. Returns None when there is none within `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while size <= self._free():
                    if (reservation := self.reserve(size)) is not None:
                        return reservation
                    await self._released()
        return None

    async def _released(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def take(self, more: int) -> bool:
        """Count `more` bytes as promised, if there is room for them."""
        if more and self.reserved + more > self._free():
            return False
        self.reserved += more
        return True

    def give_back(self, size: int) -> None:
        """Count `size` bytes as promised no longer."""
        self.reserved -= size
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


class Reservation:
    """Holds the bytes that are promised to one file. Whoever holds a reservation must release it."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.size = 0
        """In bytes."""

    def grow_to(self, size: int) -> bool:
        """Make the reservation at least `size` bytes large. Returns False, and changes nothing, without room for it."""
        if size > self.size:
            if not self._room.take(size - self.size):
                return False
            self.size = size
        return True

    def handed_over(self) -> "Reservation":
        """Return a reservation of these bytes for somebody else, and hold none of them any more."""
        other = Reservation(self._room)
        other.size, self.size = self.size, 0
        return other

    def release(self) -> None:
        """Give the bytes back. May be called twice."""
        if self.size:
            size, self.size = self.size, 0
            self._room.give_back(size)
