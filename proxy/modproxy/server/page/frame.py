"""What all pages have in common: the head, the landmarks, the ways between them. Pure."""

from dataclasses import dataclass
from urllib.parse import urlencode

from modproxy.server.page.markup import Content, Html, render, tag
from modproxy.server.page.style import STYLE


@dataclass(frozen=True, slots=True)
class Frame:
    """Says where the page is, and for whom."""

    prefix: str
    """The URL path below which everything is."""
    fleet: str
    principal: str
    """Who looks at it, in words."""

    @property
    def home(self) -> str:
        """The link to the first page."""
        return f"{self.prefix}/"

    def modules(self, **query: str) -> str:
        """The link to a search, to a module, or to a version."""
        given = {name: value for name, value in query.items() if value}
        return f"{self.prefix}/-/modules" + (f"?{urlencode(given)}" if given else "")

    def why(self, module: str, version: str) -> str:
        """The link to the answer of `why` as JSON."""
        given = {"module": module, **({"version": version} if version else {})}
        return f"{self.prefix}/-/why?{urlencode(given)}"


def document(frame: Frame, title: str, *content: Content) -> str:
    """Write a page. Its heading is the title."""
    name = f"Go module proxy {frame.fleet}".strip()
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="robots", content="noindex"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} - {name}" if title != name else name),
        Html(f"<style>{STYLE}</style>"),
    )
    links = tag(
        "ul", tag("li", tag("a", "Start", href=frame.home)), tag("li", tag("a", "Modules", href=frame.modules()))
    )
    header = tag(
        "header",
        tag(
            "div",
            tag("a", name, href=frame.home, class_="name"),
            tag("nav", links, aria_label="Pages"),
            tag("span", f"You are {frame.principal}", class_="who"),
            class_="wrap",
        ),
    )
    main = tag("main", tag("h1", title), content, id="main", class_="wrap", tabindex="-1")
    footer = tag(
        "footer", tag("p", "goproxy-operator, modproxy. Nothing on this page is loaded from elsewhere.", class_="wrap")
    )
    body = tag("body", tag("a", "Skip to the content", href="#main", class_="skip"), header, main, footer)
    return "<!DOCTYPE html>\n" + render(tag("html", head, body, lang="en")) + "\n"


def search_form(frame: Frame, words: str = "") -> Html:
    """Make the form that searches modules."""
    field = _field("Part of a module path", "q", words, "200", type="search")
    button = tag("button", "Search", type="submit")
    return tag("form", field, button, role="search", method="get", action=frame.modules())


def why_form(frame: Frame, module: str = "", version: str = "") -> Html:
    """Make the form that asks why a module may be had or not."""
    path = _field("Module", "module", module, "512", required=True)
    of = _field("Version (may be empty)", "version", version, "200", class_="field short")
    return tag("form", path, of, tag("button", "Why?", type="submit"), method="get", action=frame.modules())


def _field(label: str, name: str, value: str, longest: str, class_: str = "field", **attributes: str | bool) -> Html:
    """Make a labelled input. `attributes` are more ones of the input."""
    entry = tag(
        "input",
        id=name,
        name=name,
        value=value,
        maxlength=longest,
        autocomplete="off",
        spellcheck="false",
        **attributes,
    )
    return tag("div", tag("label", label, for_=name), entry, class_=class_)


def table(caption: str, heads: tuple[str, ...], rows: list[Html]) -> Html:
    """Make a table that scrolls by itself where the window is narrow."""
    head = tag("thead", tag("tr", [tag("th", name, scope="col") for name in heads]))
    inner = tag("table", tag("caption", caption), head, tag("tbody", rows))
    return tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def problem(frame: Frame, title: str, text: str) -> str:
    """Write the page of an error, with the words that the go command gets."""
    return document(frame, title, tag("pre", text.strip()), tag("p", tag("a", "To the start", href=frame.home)))
