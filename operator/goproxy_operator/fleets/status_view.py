"""A fleet at a glance: what people read, the document for programs, and one line of it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from goproxy_operator.figures import hit_rate_percent, storage_figures
from goproxy_operator.fleets.reading import ago, at, conditions, items_at, number_at, text_at
from goproxy_operator.fleets.seen import Seen
from goproxy_operator.fleets.top_view import top_grid
from goproxy_operator.output import API_VERSION, Grid, Line, Mood, Section, View, shown, span
from goproxy_operator.quantity import format_bytes
from goproxy_operator.reconcile.status.conditions import WARNINGS
from goproxy_operator.reconcile.status.help_links import GOOD_WHEN_FALSE
from modproxy.contract.report import Outage, Report

_UNDER_WAY = frozenset({"Reconciling", "StorageResizing"})
_ROLES = {
    "upstream": "upstream",
    "checksumDatabase": "checksum database",
    "versionControl": "version control",
    "httpProxy": "HTTP proxy",
    "parent": "parent",
}
_HASH = 8
"""Characters of a hash of a config: enough to tell two apart."""
_MOST_OUTAGES = 12
"""Servers that are named: who has read these looks at the JSON."""


def status_view(seen: Seen) -> View:
    """Return all that is known of a fleet, the most important first."""
    item = seen.fleet.item
    sections = [Section([_headline(seen), *_facts(seen)])]
    if outages := _outages(seen):
        sections.append(Section(outages, "SERVERS THAT FAIL"))
    if states := list(_conditions(item, seen.now)):
        sections.append(Section(states, "CONDITIONS"))
    if replicas := _replicas(seen):
        sections.append(Section([replicas, *_replica_notes(seen)], "REPLICAS"))
    if seen.top is not None:
        empty = [Line("no module was asked for since the replicas started", Mood.FAINT)]
        sections.append(Section([top_grid(seen.top, seen.now)] if seen.top else empty, "TOP MODULES"))
    if seen.missing:
        sections.append(
            Section(
                [Line(f"replicas, outages and top modules are not shown: {shown(seen.missing)}", Mood.WORTH_A_LOOK)]
            )
        )
    return View(sections)


def status_line(seen: Seen) -> str:
    """Return the fleet in one line, for where the output is no terminal."""
    item = seen.fleet.item
    bad = [f"{one['type']}: {shown(text_at(one, 'reason'))}" for one in conditions(item) if is_bad(one)]
    parts = [f"{shown(text_at(item, 'status', 'ready'), '0/0')} ready"]
    parts += [text for label, text, _ in _figures(seen) if label in ("traffic", "storage")]
    parts.append(f"refused: {_refused(seen) or 'nothing'} in the last 10 minutes")
    return f"{shown(seen.fleet.name)}: {', '.join([*parts, *bad])}"


def status_document(seen: Seen) -> dict[str, Any]:
    """Return what `-o json` writes."""
    item, fleet = seen.fleet.item, seen.fleet
    names = [replica.name for replica in fleet.replicas]
    return {
        "apiVersion": API_VERSION,
        "kind": "FleetStatus",
        "metadata": {"name": fleet.name, **({"namespace": fleet.namespace} if fleet.namespace else {})},
        "local": fleet.is_local,
        "url": fleet.url,
        "generation": number_at(item, "metadata", "generation"),
        "status": at(item, "status") or {},
        "replicas": [
            {
                "name": name,
                "report": seen.told[name].model_dump(mode="json", by_alias=True) if name in seen.told else None,
                "problem": seen.silent.get(name, seen.missing),
            }
            for name in names
        ],
        "missingRight": seen.missing,
        "topModules": None
        if seen.top is None
        else [{"module": one.module, "requests": one.requests, "bytes": one.bytes} for one in seen.top],
    }


def is_bad(condition: Mapping[str, Any]) -> bool:
    """Say whether a condition asks for somebody: by its type, as the object's documentation has it.

    A config with warnings does, too: a certificate that has expired is one, with which no client is served.
    """
    if text_at(condition, "reason") == WARNINGS:
        return True
    kind, status = text_at(condition, "type"), text_at(condition, "status")
    if kind in _UNDER_WAY:
        return False
    return status == "True" if kind in GOOD_WHEN_FALSE else status == "False"


def troubles(item: Mapping[str, Any]) -> str:
    """Return the reasons of the conditions that ask for somebody, for one cell."""
    return ", ".join(dict.fromkeys(shown(text_at(one, "reason")) for one in conditions(item) if is_bad(one)))


def _headline(seen: Seen) -> Line:
    item = seen.fleet.item
    where = "on this machine" if seen.fleet.is_local else f"in the namespace {shown(seen.fleet.namespace)}"
    told = conditions(item)
    bad = [one for one in told if is_bad(one)]
    if any(one["type"] == "Ready" and text_at(one, "status") != "True" for one in told):
        state, mood = "it does not serve", Mood.BAD
    elif not told:
        state, mood = "the operator has not looked at it yet: does one run?", Mood.WORTH_A_LOOK
    elif bad:
        state, mood = "it serves, and somebody should look at it", Mood.WORTH_A_LOOK
    elif any(report.outages for report in seen.told.values()):
        state, mood = "it serves, and a server that it asks fails", Mood.WORTH_A_LOOK
    elif any(one["type"] in _UNDER_WAY and text_at(one, "status") == "True" for one in told):
        state, mood = "it serves, and a change is under way", Mood.PLAIN
    else:
        state, mood = "it is well", Mood.GOOD
    return Line(f"{shown(seen.fleet.name)} {where}: {state}", mood)


def _facts(seen: Seen) -> list[Line]:
    return [Line(text, mood, label) for label, text, mood in _figures(seen)]


def _figures(seen: Seen) -> Iterator[tuple[str, str, Mood]]:
    item = seen.fleet.item
    status = at(item, "status")
    yield "ready", _ready(seen), Mood.PLAIN
    if seen.fleet.url:
        yield "GOPROXY", shown(seen.fleet.url), Mood.PLAIN
    if name := text_at(item, "spec", "className"):
        yield "class", shown(name), Mood.PLAIN
    yield "traffic", _traffic(status), Mood.PLAIN
    percent = number_at(status, "storage", "percent")
    if percent is not None:
        used, capacity = text_at(status, "storage", "used"), text_at(status, "storage", "capacity")
        mood = Mood.WORTH_A_LOOK if percent >= 95 else Mood.PLAIN
        yield "storage", f"{shown(used)} of {shown(capacity)} ({percent}%) in the fullest cache", mood
    refused = _refused(seen)
    yield "refused", f"{refused or 'nothing'} in the last 10 minutes", Mood.PLAIN
    yield from _neighbours(seen)
    yield from _tasks(seen)
    generation = number_at(item, "metadata", "generation")
    if generation is not None:
        yield "generation", _generation(item, generation), Mood.PLAIN


def _ready(seen: Seen) -> str:
    told = shown(text_at(seen.fleet.item, "status", "ready"), "no replica yet")
    versions = sorted({report.version for report in seen.told.values()})
    return f"{told}, modproxy {' and '.join(versions)}" if versions else told


def _traffic(status: object) -> str:
    rate, hits = number_at(status, "requestsPerSecond"), number_at(status, "hitRatePercent")
    told = "not reported yet" if rate is None else f"{rate} requests/s in the last minute"
    return told if hits is None else f"{told}, {hits}% hits in the last 10 minutes"


def _refused(seen: Seen) -> str:
    """Return the refusals by kind: exact ones where replicas tell, else those of the object, which are rounded."""
    counts: dict[str, int] = {}
    for report in seen.told.values():
        for kind, count in (report.refusals or {}).items():
            counts[kind] = counts.get(kind, 0) + count
    if not seen.told:
        told = items_at(seen.fleet.item, "status", "refusals")
        counts = {text_at(one, "rule"): number_at(one, "count") or 0 for one in told}
    return ", ".join(f"{count} by {shown(kind)}" for kind, count in sorted(counts.items(), key=_largest) if count)


def _largest(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def _neighbours(seen: Seen) -> Iterator[tuple[str, str, Mood]]:
    status = at(seen.fleet.item, "status")
    seen_peers, expected = number_at(status, "peers", "seen"), number_at(status, "peers", "expected")
    if seen_peers is not None and expected is not None:
        mood = Mood.PLAIN if seen_peers >= expected else Mood.WORTH_A_LOOK
        yield "peers", f"each replica sees at least {seen_peers} of {expected} others", mood
    for report in seen.told.values():
        if (store := report.object_store) is not None:
            waiting = sum(one.object_store.waiting for one in seen.told.values() if one.object_store is not None)
            told = f"{store.url} {store.failure}" if store.failure else f"{store.url} answers"
            yield (
                "object store",
                f"{shown(told)}, {waiting} files wait for it",
                Mood.BAD if store.failure else Mood.PLAIN,
            )
            break
    if parent := text_at(status, "parent", "name"):
        used = at(status, "parent", "used") is True
        yield (
            "parent",
            f"{shown(parent)}{'' if used else ', which is not asked'}",
            Mood.PLAIN if used else Mood.WORTH_A_LOOK,
        )


def _tasks(seen: Seen) -> Iterator[tuple[str, str, Mood]]:
    syncs = [report.sync for report in seen.told.values() if report.sync is not None]
    if syncs:
        missing = sum(sync.missing for sync in syncs)
        last = max((sync.last_run for sync in syncs if sync.last_run is not None), default=None)
        when = "never ran yet" if last is None else f"last run {span(seen.now - last)} ago"
        told = f"{sum(sync.modules for sync in syncs)} modules, {when}, {missing} versions missing"
        yield "sync", told, Mood.WORTH_A_LOOK if missing else Mood.PLAIN
    audits = [report.audit for report in seen.told.values() if report.audit is not None]
    if audits:
        failure = next((f"{audit.receiver} {audit.failure}" for audit in audits if audit.failure), "")
        waiting = format_bytes(sum(audit.spooled_bytes for audit in audits))
        dropped = sum(audit.dropped for audit in audits)
        told = f"{shown(failure, 'records are delivered')}, {waiting} wait, {dropped} records dropped"
        yield "audit", told, Mood.BAD if failure or dropped else Mood.PLAIN


def _generation(item: object, generation: int) -> str:
    in_force = number_at(item, "status", "inForce", "generation")
    observed = number_at(item, "status", "observedGeneration")
    if in_force is not None:
        return f"{generation} is not carried out: {in_force} is in force"
    if observed is not None and observed != generation:
        return f"{generation}, of which the operator has seen {observed}"
    return str(generation)


def _outages(seen: Seen) -> list[Line]:
    found: dict[tuple[str, str], tuple[Outage, int]] = {}
    for report in seen.told.values():
        for outage in report.outages or ():
            before, count = found.get((outage.role, outage.place), (outage, 0))
            found[outage.role, outage.place] = (before if before.since <= outage.since else outage, count + 1)
    lines = []
    for outage, count in list(found.values())[:_MOST_OUTAGES]:
        role = _ROLES.get(outage.role, shown(outage.role))
        by = f"{count} of {len(seen.told)} replicas" if len(seen.told) > 1 else "the replica"
        told = f"{role} {outage.place} {outage.cause} (for {span(seen.now - outage.since)}, seen by {by})"
        lines.append(Line(told, Mood.BAD if outage.failing else Mood.WORTH_A_LOOK, indent=2))
        if outage.remedy:
            lines.append(Line(f"-> {outage.remedy}", indent=4))
    return lines


def _conditions(item: object, now: float) -> Iterator[Line]:
    told = sorted(conditions(item), key=lambda one: not is_bad(one))
    for one in told:
        since = ago(one.get("lastTransitionTime"), now)
        bad = is_bad(one)
        mood = Mood.BAD if bad else Mood.PLAIN if one["type"] in _UNDER_WAY else Mood.GOOD
        mark = "!" if bad else " "
        state = f"{shown(one['type'])} is {shown(text_at(one, 'status'))}, {shown(text_at(one, 'reason'))}"
        yield Line(f"{mark} {state}{f', for {since}' if since else ''}", mood)
        if (bad or one["type"] in _UNDER_WAY) and text_at(one, "message"):
            yield Line(shown(text_at(one, "message")), indent=4)
    links = at(item, "status", "help")
    for link in (links if isinstance(links, list) else [])[:8]:
        yield Line(f"read: {shown(link)}", Mood.FAINT, indent=4)


def _replicas(seen: Seen) -> Grid | None:
    written = {text_at(one, "name"): one for one in items_at(seen.fleet.item, "status", "replicaStatus")}
    names = list(dict.fromkeys([*(replica.name for replica in seen.fleet.replicas), *filter(None, written)]))
    if not names:
        return None
    rows, moods = [], []
    for name in names:
        report = seen.told.get(name)
        rows.append(_told_row(name, report) if report else _written_row(name, written.get(name, {})))
        moods.append(Mood.PLAIN if rows[-1][1] == "yes" else Mood.WORTH_A_LOOK)
    headers = ("NAME", "READY", "HIT%", "REQ/S", "STORAGE", "CONFIG", "UP", "MEMORY", "THROTTLED")
    right = frozenset({"HIT%", "REQ/S", "STORAGE", "UP", "MEMORY", "THROTTLED"})
    return Grid(headers, rows, right, moods)


def _told_row(name: str, report: Report) -> tuple[str, ...]:
    storage, resources = storage_figures(report.storage), report.resources
    rate = hit_rate_percent([report.window])
    memory = withheld = "-"
    if resources is not None and resources.memory_bytes is not None:
        limit = f"/{format_bytes(resources.memory_limit_bytes)}" if resources.memory_limit_bytes else ""
        memory = f"{format_bytes(resources.memory_bytes)}{limit}"
    if resources is not None and resources.cpu_withheld_percent is not None:
        withheld = f"{resources.cpu_withheld_percent:.0f}%"
    return (
        shown(name),
        "yes" if report.ready else "no",
        "-" if rate is None else str(rate),
        f"{report.window.requests_per_second:.1f}",
        f"{format_bytes(storage.used_bytes)}/{format_bytes(storage.capacity_bytes)}",
        f"{report.config.hash[:_HASH] or '-'}{'!' if report.config.error else ''}",
        span(report.uptime_seconds),
        memory,
        withheld,
    )


def _written_row(name: str, written: Mapping[str, Any]) -> tuple[str, ...]:
    hits, used = number_at(written, "hitRatePercent"), text_at(written, "used")
    return (
        shown(name),
        {True: "yes", False: "no"}.get(at(written, "ready"), "-"),
        "-" if hits is None else str(hits),
        "-",
        f"{shown(used)}/{shown(text_at(written, 'capacity'))}" if used else "-",
        shown(text_at(written, "config"))[:_HASH],
        "-",
        "-",
        "-",
    )


def _replica_notes(seen: Seen) -> list[Line]:
    lines = [Line(f"{name}: {shown(why)}", Mood.WORTH_A_LOOK, indent=2) for name, why in seen.silent.items()]
    for name, report in seen.told.items():
        lines += [Line(f"{shown(name)}: {told}", mood, indent=2) for told, mood in _notes(report)]
    return lines


def _notes(report: Report) -> Iterator[tuple[str, Mood]]:
    if report.config.error:
        yield f"keeps the config that it had: {report.config.error}", Mood.BAD
    if report.storage.disk_pressure:
        yield report.storage.disk_pressure, Mood.BAD
    for slow in report.resources.slow if report.resources else ():
        remedy = f" -> {slow.remedy}" if slow.remedy else ""
        yield f"{slow.finding}{remedy}", Mood.BAD if slow.lasting else Mood.WORTH_A_LOOK
