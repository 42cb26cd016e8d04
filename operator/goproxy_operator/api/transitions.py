"""What may not be changed of an object once it is carried out. Only the API server can judge that.

What was never carried out may be taken back: a size that no volume has, a StorageClass that does not exist. The status
says how far the operator came, and no user writes that. So these rules are the whole object's.
"""

from goproxy_operator.api.fields import HUGE
from goproxy_operator.api.rule import NO_OLD_OBJECT, Rules, ServerRule

_SIZE = "spec.cache.storage.size"
_SERVES = "has(self.status) && has(self.status.readyReplicas) && self.status.readyReplicas > 0"
"""Of a fleet that has never served nothing is kept: what it asked for may be what it cannot get."""
_HAS_CONDITIONS = "has(self.status) && has(self.status.conditions)"


def _has(path: str, of: str) -> str:
    """Write CEL that says whether a field is there, however many sections around it are not."""
    steps = path.split(".")
    return "(" + " && ".join(f"has({of}.{'.'.join(steps[: n + 1])})" for n in range(len(steps))) + ")"


def _comparable(path: str) -> str:
    """Write CEL that holds where the API server may read the quantity."""
    return f"!{path}.matches('{HUGE}') && isQuantity({path})"


def _at_least(path: str) -> str:
    return f"quantity(self.{_SIZE}).compareTo(quantity({path})) >= 0"


_STORAGE = "spec.cache.storage"


def _ephemeral(of: str) -> str:
    return f"({_has(f'{_STORAGE}.ephemeral', of)} && {of}.{_STORAGE}.ephemeral)"


_NOT_SMALLER = (
    f"!({_SERVES}) || {_ephemeral('self')} || !{_has(_SIZE, 'self')} || !{_has(_SIZE, 'oldSelf')}"
    f" || !({_comparable(f'self.{_SIZE}')}) || !isQuantity(oldSelf.{_SIZE}) || {_at_least(f'oldSelf.{_SIZE}')}"
)
_SAME_CLASS = (
    f"has(self.{_STORAGE}.storageClassName) == has(oldSelf.{_STORAGE}.storageClassName)"
    f" && (!has(self.{_STORAGE}.storageClassName)"
    f" || self.{_STORAGE}.storageClassName == oldSelf.{_STORAGE}.storageClassName)"
)

STORAGE_TRANSITIONS: Rules[None] = (
    ServerRule(
        cel=f"has(self.status) && has(self.status.claimSize) || {_NOT_SMALLER}",
        message=f"size may not shrink from {{oldSelf.{_SIZE}}} to {{{_SIZE}}}: write {{oldSelf.{_SIZE}}} or more",
        because=NO_OLD_OBJECT,
        field_path=f".{_SIZE}",
    ),
    ServerRule(
        cel=f"!has(self.status) || !has(self.status.claimSize) || !isQuantity(self.status.claimSize)"
        f" || {_NOT_SMALLER} || {_at_least('self.status.claimSize')}",
        message=f"size {{{_SIZE}}} is less than what the claims have: write {{status.claimSize}} or more",
        because=NO_OLD_OBJECT,
        field_path=f".{_SIZE}",
    ),
    ServerRule(
        cel=f"!({_SERVES}) || !{_has(_STORAGE, 'self')} || !{_has(_STORAGE, 'oldSelf')} || ({_SAME_CLASS})"
        f" || ({_HAS_CONDITIONS} && self.status.conditions.exists(c,"
        " c.type == 'Stalled' && c.reason == 'StorageImmutable'))",
        message="storageClassName may not be changed, added or removed later: make a new GoProxy with the other class",
        because=NO_OLD_OBJECT,
        field_path=f".{_STORAGE}",
    ),
    ServerRule(
        cel=f"!({_SERVES}) || {_ephemeral('self')} == {_ephemeral('oldSelf')}"
        f" || ({_HAS_CONDITIONS} && self.status.conditions.exists(c,"
        " c.type == 'Stalled' && c.reason == 'StorageImmutable'))",
        message="cache.storage.ephemeral may not be changed later: make a new GoProxy with the other kind of storage",
        because=NO_OLD_OBJECT,
        field_path=".spec.cache",
    ),
)
"""The first of two rules about the size tells what to write where the claims have what was asked for last."""
