"""Which places are asked about a module that is not held, in their order. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from modproxy.contract.report import Outage, Role
from modproxy.contract.why import Route, Step
from modproxy.hosted.hosting import Hosting
from modproxy.layout import Layout
from modproxy.mod.chain import Entry, EntryKind

_VERSION_CONTROL = "by the go command and git; the host is the one that the module path leads to"


@dataclass(frozen=True, slots=True)
class Others:
    """Says who of the fleet is asked beside this replica."""

    shared: bool = False
    """Whether there are other replicas."""
    owner: str = ""
    """The replica that owns the module; empty where this one does."""


def route_of(path: str, layout: Layout, hosting: Hosting | None) -> Route:
    """Say which way the module takes, as `source.hosted` and `source.router` do."""
    if hosting is not None and hosting.only(path):
        return Route.HOSTED
    return Route.PRIVATE if layout.is_private(path) else Route.PUBLIC


def steps_of(
    path: str, layout: Layout, hosting: Hosting | None, others: Others, *, mixed: bool = False, named: bool = True
) -> tuple[Step, ...]:
    """Return the places. `mixed` says that versions of the module are published here too, and `named` whether the
    reader may learn names of Secrets and of replicas.
    """
    route = route_of(path, layout, hosting)
    if route is Route.HOSTED:
        note = "it is published to this fleet: nobody else is asked, nor told its name"
        return (Step(kind="depot", name="the depot of published modules", note=note),)
    steps: list[Step] = []
    if mixed:
        note = "versions that are published here come from there, and no other place has a say in them"
        steps.append(Step(kind="depot", name="the depot of published modules", note=note))
    if others.shared:
        name = "this replica owns the module" if not others.owner else others.owner if named else "another replica"
        note = "the other replicas are asked for what they hold" if not others.owner else "it owns the module"
        steps.append(Step(kind="peer", name=name, note=note))
    if layout.object_store:
        steps.append(Step(kind="objectStore", name=layout.object_store, note="the object store of the fleet"))
    if route is Route.PRIVATE:
        steps.append(_version_control(path, layout, named=named))
    else:
        if layout.parent:
            steps.append(Step(kind="parent", name=layout.parent, note="the parent fleet"))
        steps += _chain(path, layout, named=named)
    steps.append(_database(path, layout))
    return tuple(steps)


def _chain(path: str, layout: Layout, *, named: bool) -> list[Step]:
    steps = []
    before: Entry | None = None
    for entry in layout.entries:
        note = "" if before is None else "asked after any error of the one before"
        if before is not None and not before.fall_back_on_error:
            note = "asked after a 404 or 410 of the one before"
        if entry.kind is EntryKind.OFF:
            steps.append(Step(kind="off", name="off", note="nothing is fetched from outside"))
        elif entry.kind is EntryKind.DIRECT:
            step = _version_control(path, layout, named=named)
            steps.append(step.model_copy(update={"note": f"{note}; {step.note}" if note else step.note}))
        else:
            secret = layout.credential_for(entry.url) if named and entry.url.startswith("https:") else ""
            note = f"{note}; with a login of upstream.goproxy".removeprefix("; ") if entry.login and named else note
            steps.append(Step(kind="upstream", name=entry.url, credential=secret, note=note))
        before = entry
    return steps


def _version_control(path: str, layout: Layout, *, named: bool) -> Step:
    credential = layout.credential_for(f"https://{path}") if named else ""
    note = _VERSION_CONTROL if not credential else f"{_VERSION_CONTROL}; the login is the one for https://{path}"
    return Step(kind="versionControl", name=path.partition("/")[0], credential=credential, note=note)


def _database(path: str, layout: Layout) -> Step:
    if layout.database is None:
        return Step(kind="off", name="no checksum database", note="upstream.gosumdb is off: nobody verifies it")
    if not layout.is_verified(path):
        note = "not asked: goprivate, gonosumdb or hosted.modules has a pattern that matches the module"
        return Step(kind="off", name=layout.database.name, note=note)
    return Step(kind="checksumDatabase", name=layout.database.name, note="it has to vouch for .mod and .zip")


def failures_of(steps: Sequence[Step], outages: Sequence[Outage], path: str) -> tuple[Outage, ...]:
    """Return the outages of the places that are asked about the module."""
    places = {step.name.rstrip("/") for step in steps if step.kind not in ("peer", "depot", "off")}
    database = any(step.kind == "checksumDatabase" for step in steps)
    found = []
    for outage in outages:
        place = outage.place.rstrip("/")
        of_database = outage.role == Role.DATABASE and database
        if place in places or of_database or (outage.role == Role.VERSION_CONTROL and path.startswith(place)):
            found.append(outage)
    return tuple(found)
