"""Which replica owns a module path, by rendezvous hashing. Pure.

Source: Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous" (1996). Each replica gets a score for the
path, and the one with the highest score is the owner. When a replica comes or goes, only the paths change their owner
that it comes to own, or has owned; and each of these goes to the replica that was second before.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b

_SCORE_BYTES = 8
_SUMDB, _LOOKUP = "sumdb/", "/lookup/"


def subject_of(key: str) -> str:
    """Return what decides who owns a file, by the file's key: the escaped module path, so that all files of a module
    and its records in a checksum database are with one owner.

    Tiles of a checksum database are spread over the replicas, each by its path.
    """
    if key.startswith(_SUMDB):
        _, lookup, record = key.partition(_LOOKUP)
        return record.rpartition("@")[0] if lookup else key
    return key.partition("/@")[0]


def ranked(subject: str, replicas: Iterable[str]) -> list[str]:
    """Return the replicas by their scores for a subject: the owner, the runner-up, and so on."""
    return sorted(replicas, key=lambda name: (_score(subject, name), name), reverse=True)


def owner_of(subject: str, replicas: Iterable[str]) -> str | None:
    """Return the replica that owns a subject; None where there is none."""
    return max(replicas, key=lambda name: (_score(subject, name), name), default=None)


def owned_by_others(own: str, replicas: Iterable[str]) -> Callable[[str], bool]:
    """Return what says of a key whether another replica than `own` owns the file, while the fleet is as it is now."""
    others = tuple(replicas)
    return lambda key: owner_of(subject_of(key), others) != own


def _score(subject: str, name: str) -> int:
    return int.from_bytes(blake2b(subject.encode(), digest_size=_SCORE_BYTES, key=_key_of(name)).digest(), "big")


@lru_cache(maxsize=1024)
def _key_of(name: str) -> bytes:
    """Return the key of a replica's scores: a name may be longer than the keys of BLAKE2."""
    return blake2b(name.encode(), digest_size=32).digest()
