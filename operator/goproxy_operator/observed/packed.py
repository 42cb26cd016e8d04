"""The form in which objects are kept in memory: a tenth of what they take as objects of Python. Pure."""

import json
import zlib
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any, Generic, TypeVar

from goproxy_operator.kube.resources import Object
from goproxy_operator.observed.pod_trouble import PodTrouble
from goproxy_operator.observed.views import NamespaceView, PodView, claim, stateful_set, without_managed_fields

V = TypeVar("V")
Packed = bytes


@dataclass(frozen=True, slots=True)
class Form(Generic[V]):
    """Says in which form a kind of object is kept: what of it, and how that becomes bytes and back."""

    view: Callable[[Object], V]
    pack: Callable[[V], Packed]
    unpack: Callable[[Packed], V]
    """Makes a new value each time."""


def pack(document: Any) -> Packed:
    """Pack what JSON can say. Speed counts more than size: each change packs, and each look unpacks."""
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 1)


def unpack(packed: Packed) -> Any:
    """Return what was packed, a new document each time."""
    return json.loads(zlib.decompress(packed))


def _as_object(view: Callable[[Object], Object]) -> Form[Object]:
    return Form(view, pack, unpack)


def _unpack_pod(packed: Packed) -> PodView:
    values = unpack(packed)
    if values[-1]:
        values[-1] = PodTrouble(*values[-1])
    return PodView(*values)


WHOLE = _as_object(without_managed_fields)
STATEFUL_SET = _as_object(stateful_set)
CLAIM = _as_object(claim)
POD: Form[PodView] = Form(PodView.of, lambda pod: pack(astuple(pod)), _unpack_pod)
NAMESPACE: Form[NamespaceView] = Form(
    NamespaceView.of, lambda one: pack(astuple(one)), lambda packed: NamespaceView(*unpack(packed))
)
