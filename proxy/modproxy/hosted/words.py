"""Why a version cannot be published, in words for whoever publishes. Pure."""

from modproxy.hosted.claim import Claim, Tombstone
from modproxy.mod.path import ModulePath
from modproxy.mod.version import Version


def other_than_held(path: ModulePath, version: Version, new: Claim, held: Claim, *, whole: bool) -> str:
    """Say that a claim names other bytes; `whole` says whether the version is served."""
    hashes = f"published: {held.h1} (sha256 {held.sha256})\nsent:      {new.h1} (sha256 {new.sha256})"
    if whole:
        return (
            f"{path}@{version} was published with other bytes {held.told}, and a version never changes\n{hashes}\n"
            "Publish the next version."
        )
    return (
        f"{path}@{version} is held by a publication of other bytes that has not ended, begun {held.told}\n{hashes}\n"
        "Nobody has seen that version yet. Its publisher ends it with the same bytes, or DELETE frees "
        "the version: it is held until then."
    )


def other_than_deleted(path: ModulePath, version: Version, new: Claim, frozen: Claim, stone: Tombstone) -> str:
    """Say that a deleted version had other bytes."""
    return (
        f"{path}@{version} was published {frozen.told} and deleted {stone.told}\n"
        "It may come back with the same bytes only.\n"
        f"published: {frozen.h1} (sha256 {frozen.sha256})\nsent:      {new.h1} (sha256 {new.sha256})\n"
        "Publish the next version."
    )
