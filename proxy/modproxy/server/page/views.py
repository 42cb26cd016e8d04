"""The pages: the first one, the search, a module, a version. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from modproxy.contract.report import Outage, Report
from modproxy.contract.why import Why
from modproxy.mod.target import Kind
from modproxy.server.page.frame import Frame, document, search_form, table, why_form
from modproxy.server.page.index import HeldVersion, Page
from modproxy.server.page.markup import Content, Html, tag
from modproxy.server.page.setup import Setup, logins_of, shells_of
from modproxy.server.page.why_view import badge, drawn, failing, verdict
from modproxy.server.page.words import ago, day, size, stamp
from modproxy.server.recent_refusals import RecentRefusal


@dataclass(frozen=True, slots=True)
class VersionRow:
    """Says what the page tells of one version."""

    held: HeldVersion
    published: str
    license: str
    vouched: str


def start(
    frame: Frame,
    setup: Setup,
    report: Report | None,
    refusals: Sequence[RecentRefusal],
    now: float,
    *,
    reads: bool,
    named: bool,
) -> str:
    """Write the first page. `reads` says whether the reader may read anything, and `named` whether the reader may know
    the names of servers.
    """
    title = f"Go module proxy {frame.fleet}".strip()
    intro = tag(
        "p",
        "This is a module proxy for the go command. It fetches modules for you, keeps them, checks them, and serves "
        "them by the rules of those who run it.",
    )
    parts: list[Content] = [intro]
    if not reads:
        parts.append(
            tag("p", "Your credential is good. Nothing in the rules lets you read modules here.", class_="verdict warn")
        )
    parts += [tag("h2", "Use it"), *_setup(setup), tag("h2", "Health"), _health(report, now, named=named)]
    if reads:
        parts += [tag("h2", "What is held"), search_form(frame)]
        parts += [tag("h2", "Why may I have it, or why not?"), why_form(frame)]
        parts += [tag("h2", "Refused lately"), _refused(frame, refusals, now)]
    return document(frame, title, parts)


def _setup(setup: Setup) -> list[Html]:
    shells = shells_of(setup)
    first = shells[0]
    others = [tag("details", tag("summary", name), _lines(name, text)) for name, text in shells[1:]]
    parts = [tag("h3", first[0]), _lines(first[0], first[1]), tag("div", others, class_="panel")]
    if setup.unverified:
        words = "GONOSUMDB names modules that no checksum database knows. With GOPRIVATE, go would pass this proxy by."
        parts.append(tag("p", words, class_="small"))
    logins = logins_of(setup)
    if logins:
        parts.append(tag("p", "Not everything is open to everybody here, so go needs to prove who you are:"))
        parts += [tag("div", tag("h3", name), _lines(name, text)) for name, text in logins]
        if not setup.encrypted:
            words = "Go sends no credential over plain http: reach this proxy by https."
            parts.append(tag("p", words, class_="verdict warn"))
    return parts


def _lines(name: str, text: str) -> Html:
    return tag("pre", tag("code", text), tabindex="0", role="region", aria_label=f"Lines for {name}")


def _health(report: Report | None, now: float, *, named: bool) -> Html:
    if report is None:
        return tag("p", "The disk of this replica cannot be read.", class_="verdict bad")
    rows: list[tuple[str, Content]] = [
        ("This replica", badge("ready", "good") if report.ready else badge("not ready: it starts or ends", "warn"))
    ]
    storage = report.storage
    share = f" ({100 * storage.used_bytes / storage.capacity_bytes:.0f} %)" if storage.capacity_bytes else ""
    rows.append(
        ("Disk", f"{size(storage.used_bytes)} of {size(storage.capacity_bytes)} in use{share}, {storage.objects} files")
    )
    if storage.disk_pressure:
        rows.append(("", badge(storage.disk_pressure, "warn")))
    if named:
        rows.append(("Upstreams", _outages(report.outages or (), now)))
    return tag("dl", [(tag("dt", name), tag("dd", value)) for name, value in rows])


def _outages(outages: Sequence[Outage], now: float) -> Content:
    named = [one for one in outages if one.named]
    if not named:
        return badge("none is known to fail", "good")
    return [
        tag(
            "div",
            badge("fails" if one.failing else "had no answer", "bad" if one.failing else "warn"),
            " ",
            failing(one, now),
        )
        for one in named
    ]


def _refused(frame: Frame, refusals: Sequence[RecentRefusal], now: float) -> Html:
    if not refusals:
        return tag("p", "Nothing that you may read was refused since this replica started.")
    rows = []
    for one in refusals:
        link = tag(
            "a",
            f"{one.module}@{one.version}" if one.version else one.module,
            href=frame.modules(module=one.module, version=one.version),
        )
        kind = badge("refused", "bad") if one.enforced else badge("DryRun: served", "warn")
        times = f", {one.times} times" if one.times > 1 else ""
        when = tag("td", f"{ago(one.at, now)}{times}", class_="num", title=stamp(one.at))
        rows.append(
            tag("tr", when, tag("th", link, scope="row"), tag("td", kind), tag("td", _words(one), class_="wide"))
        )
    return table("Refusals of modules that you may read, the newest first", ("When", "Module", "Outcome", "Why"), rows)


def _words(one: RecentRefusal) -> Content:
    lines = [line for line in one.text.split("\n") if line]
    return [tag("div", line) for line in lines[1:]] or lines


def found(frame: Frame, words: str, page: Page, number: int) -> str:
    """Write the page of a search."""
    parts: list[Content] = [search_form(frame, words)]
    if not page.paths:
        parts.append(
            tag(
                "p",
                "Nothing that this replica holds, and that you may read, matches."
                if words
                else "This replica holds no module that you may read.",
            )
        )
    else:
        items = [tag("li", tag("a", path, href=frame.modules(module=path))) for path in page.paths]
        parts.append(tag("ul", items, class_="plain"))
    if not page.whole:
        parts.append(
            tag(
                "p",
                "There are more modules than are looked at for a page: search for a longer part of the path.",
                class_="small",
            )
        )
    ways = []
    if number:
        ways.append(
            tag("a", "Previous", href=frame.modules(q=words, page=str(number - 1) if number > 1 else ""), rel="prev")
        )
    if page.more:
        ways.append(tag("a", "Next", href=frame.modules(q=words, page=str(number + 1)), rel="next"))
    if ways:
        parts.append(tag("nav", ways, class_="pages", aria_label="Pages of the search"))
    parts.append(
        tag(
            "p",
            "Modules that other replicas or the object store hold, and this replica does not, are not listed.",
            class_="small",
        )
    )
    return document(frame, f"Modules with {words}" if words else "Modules", parts)


def module(frame: Frame, why: Why, rows: Sequence[VersionRow], total: int, now: float) -> str:
    """Write the page of a module: what is decided of it, and its versions."""
    parts: list[Content] = [verdict(why), tag("h2", "Versions on this replica")]
    if rows:
        caption = (
            f"The newest {len(rows)} of {total} versions"
            if total > len(rows)
            else f"{total} {'version' if total == 1 else 'versions'}"
        )
        heads = ("Version", "Files", "Size", "Published", "Fetched", "Licence", "Vouched for by")
        parts.append(table(caption, heads, [_row(frame, why.module, row, now) for row in rows]))
    else:
        parts.append(tag("p", "This replica holds no version of it."))
    parts += [tag("h2", "Ask about a version"), why_form(frame, why.module), *drawn(why, now)[1:]]
    return document(frame, why.module, parts)


def _row(frame: Frame, path: str, row: VersionRow, now: float) -> Html:
    kinds = [kind.value for kind in (Kind.INFO, Kind.MOD, Kind.ZIP) if kind in row.held.kinds]
    link = tag("a", row.held.version, href=frame.modules(module=path, version=row.held.version))
    return tag(
        "tr",
        tag("th", link, scope="row"),
        tag("td", ", ".join(kinds), data_label="Files"),
        tag("td", size(row.held.size), class_="num", data_label="Size"),
        tag("td", day(row.published) or "not known", class_="num", data_label="Published"),
        tag("td", ago(row.held.since, now), class_="num", title=stamp(row.held.since), data_label="Fetched"),
        tag("td", row.license or "not looked at", data_label="Licence"),
        tag("td", row.vouched or "nobody", data_label="Vouched for by"),
    )


def version(frame: Frame, why: Why, now: float) -> str:
    """Write the page of a version: why it may be had or not, and where it is."""
    back = tag("p", tag("a", f"All versions of {why.module}", href=frame.modules(module=why.module)))
    more = tag("p", tag("a", "The same as JSON", href=frame.why(why.module, why.version)), class_="small")
    return document(frame, f"{why.module}@{why.version}", back, drawn(why, now), more)
