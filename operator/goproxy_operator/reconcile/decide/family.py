"""Which fleet is asked before upstream, by whose consent, and which fleets a fleet answers as their parent. Pure.

A tie is in use where the child names the parent, the parent consents, and no loop and no tree of too many levels comes
about. A parent that is not used stops nothing: the fleet asks its upstreams at once, and a condition tells why.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from goproxy_operator.api.family import ChildNamespaces, ChildrenSpec
from goproxy_operator.desired.kin import Kin, OtherFleet
from goproxy_operator.kube.resources import Key
from goproxy_operator.reconcile.decide.problem import Problem

MOST_ABOVE = 4
"""Parents above a fleet, one above the other: a region, a site, a team. Each adds its time to what nobody holds yet."""
MOST_CHILDREN = 1024
"""Children of one fleet: the list of their accounts is in its config, which has to fit into a ConfigMap."""

NOT_FOUND, NOT_CONSENTING, LOOP = "ParentNotFound", "ParentNotConsenting", "ParentLoop"
TOO_DEEP, FULL = "ParentTooDeep", "ParentHasTooManyChildren"


@dataclass(frozen=True, slots=True)
class Relative:
    """Says of a fleet what others have to know: by what is in force of it."""

    account: str
    """What its pods run as, as NAMESPACE/NAME."""
    parent: Key | None = None
    """The fleet that it names as its parent."""
    consent: ChildrenSpec | None = None
    labels: Mapping[str, str] | None = None
    """Those of its namespace; None where they are not known, and where it names no parent."""
    created: str = ""
    """Its creationTimestamp."""

    @property
    def counts(self) -> bool:
        """Say whether it can be tied to any other fleet by what itself says."""
        return self.parent is not None or self.consent is not None


STRANGER = Relative("")
"""A fleet that has no ties, as far as it says: of it only matters that it is there."""


@dataclass(frozen=True, slots=True)
class Family:
    """What a fleet is tied to."""

    kin: Kin = field(default_factory=Kin)
    parent: Key | None = None
    """The parent that the fleet names."""
    problem: Problem | None = None
    """Why the parent is not used."""


ALONE = Family()


class Relatives:
    """All fleets there are, and who names whom as the parent. What is found stays true until one of them changes."""

    def __init__(self, fleets: Mapping[Key, Relative], children: Mapping[Key, Collection[Key]]) -> None:
        self._fleets = fleets
        self._children = children
        self._admitted: dict[Key, frozenset[Key]] = {}
        self._ties: dict[Key, _Tie] = {}

    def family_of(self, fleet: Key) -> Family:
        """Return what a fleet is tied to."""
        known = self._fleets.get(fleet)
        if known is None:
            return ALONE
        used = (child for child in sorted(self._admitted_by(fleet)) if self._tie(child).used)
        children = tuple(OtherFleet(*child, self._fleets[child].account) for child in used)
        if known.parent is None:
            return Family(Kin(children=children))
        tie = self._tie(fleet)
        parent = OtherFleet(*known.parent) if tie.used else None
        return Family(Kin(parent, children), known.parent, tie.problem)

    def below(self, fleet: Key) -> set[Key]:
        """Return all fleets that name this one as their parent, those that name these, and so on."""
        found: set[Key] = set()
        open_ = [fleet]
        while open_:
            for child in self._children.get(open_.pop(), ()):
                if child not in found:
                    found.add(child)
                    open_.append(child)
        return found

    def _tie(self, fleet: Key) -> "_Tie":
        """Return how a fleet is tied to the parent that it names; each fleet above it is looked at once."""
        path: list[Key] = []
        at = fleet
        while at not in self._ties:
            if at in path:
                looped = path[path.index(at) :]
                self._ties.update((one, _Tie(problem=_loop(looped, one))) for one in looped)
                path = path[: path.index(at)]
                break
            known = self._fleets[at]
            refusal = self._refusal(at, known.parent) if known.parent is not None else None
            if known.parent is None or refusal is not None:
                self._ties[at] = _Tie(problem=refusal)
                break
            path.append(at)
            at = known.parent
        for one in reversed(path):
            parent = self._fleets[one].parent
            above = 1 + (self._ties[parent].above if parent is not None else 0)
            self._ties[one] = _Tie(above) if above <= MOST_ABOVE else _Tie(problem=_too_deep(above))
        return self._ties[fleet]

    def _refusal(self, fleet: Key, parent: Key) -> Problem | None:
        where = "/".join(parent)
        found = self._fleets.get(parent)
        if found is None:
            return Problem(
                NOT_FOUND, f"there is no GoProxy {where} that this operator looks after: write another parent"
            )
        if parent == fleet:
            return None  # it is a loop
        if not self._consents(parent, found, fleet):
            return Problem(NOT_CONSENTING, _how_to_consent(where, fleet.namespace, found.consent, self._fleets[fleet]))
        if fleet not in self._admitted_by(parent):
            return Problem(
                FULL,
                f"GoProxy {where} has {MOST_CHILDREN} older children, the most that one may have: name another parent",
            )
        return None

    def _consents(self, parent: Key, found: Relative, fleet: Key) -> bool:
        labels = self._fleets[fleet].labels or {}
        return found.consent is not None and found.consent.admits(parent.namespace, fleet.namespace, labels)

    def _admitted_by(self, parent: Key) -> frozenset[Key]:
        """Return those that name the fleet as their parent and that it consents to: of very many the oldest."""
        if parent not in self._admitted:
            found = self._fleets[parent]
            naming = [child for child in self._children.get(parent, ()) if self._consents(parent, found, child)]
            oldest = sorted(naming, key=lambda child: (self._fleets[child].created, child))
            self._admitted[parent] = frozenset(oldest[:MOST_CHILDREN])
        return self._admitted[parent]


@dataclass(frozen=True, slots=True)
class _Tie:
    """Says how a fleet is tied to its parent: how many parents are above it, or why its parent is not used."""

    above: int = 0
    problem: Problem | None = None

    @property
    def used(self) -> bool:
        return self.above > 0


def _loop(fleets: Sequence[Key], first: Key) -> Problem:
    at = fleets.index(first)
    named = " -> ".join("/".join(one) for one in (*fleets[at:], *fleets[:at], first))
    return Problem(LOOP, f"the parents lead back to the fleet itself, {named}: remove cache.parent of one of them")


def _too_deep(above: int) -> Problem:
    return Problem(
        TOO_DEEP,
        f"there would be {above} parents one above the other, and at most {MOST_ABOVE} are used: name a parent that is "
        "further up",
    )


def _how_to_consent(where: str, namespace: str, consent: ChildrenSpec | None, child: Relative) -> str:
    if consent is None:
        return (
            f"GoProxy {where} does not let fleets of namespace {namespace} ask it: write access.children there, for "
            "example namespaces: All, or Selector with the labels of this namespace"
        )
    if consent.namespaces is ChildNamespaces.SELECTOR and child.labels is None:
        return (
            f"GoProxy {where} lets fleets ask it by the labels of their namespaces, which this operator does not know: "
            "bind ClusterRole goproxy-operator-classes to its account (deploy/rbac.yaml) and start it without "
            "--ignore-classes, or write namespaces: All there"
        )
    if consent.namespaces is ChildNamespaces.SELECTOR:
        return (
            f"GoProxy {where} lets fleets ask it whose namespace has the labels {_selected(consent)}, and namespace "
            f"{namespace} has others: label the namespace so, or widen access.children there"
        )
    return (
        f"GoProxy {where} lets only fleets of its own namespace ask it: write access.children.namespaces All or "
        "Selector there"
    )


def _selected(consent: ChildrenSpec) -> str:
    labels = consent.selector.match_labels if consent.selector is not None else {}
    return f"{', '.join(f'{key}={value}' for key, value in sorted(labels.items()))}"
