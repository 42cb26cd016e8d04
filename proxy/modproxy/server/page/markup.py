"""HTML that is escaped by default: a text becomes markup in one place, and markup is never a text. Pure.

Source: HTML Standard, section 13.3 (serializing): a text needs `&`, `<` and `>` escaped, an attribute's value in double
quotes `&` and `"` too; `html.escape` escapes all of them, and the single quote.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from modproxy.quoting import escape_controls

_VOID = frozenset(["br", "hr", "input", "link", "meta"])
_URLS = frozenset(["href", "action", "src"])


@dataclass(frozen=True, slots=True)
class Html:
    """Markup. Nothing but this file makes it of a text."""

    markup: str


Content = Html | str | None | Iterable["Content"]
"""What may stand in an element: markup, a text, nothing, or several of them."""


def render(content: Content) -> str:
    """Write content. Characters that control a terminal or the direction of text are shown, and not obeyed."""
    if content is None:
        return ""
    if isinstance(content, Html):
        return content.markup
    if isinstance(content, str):
        return escape("\n".join(escape_controls(line) for line in content.split("\n")))
    return "".join(map(render, content))


def tag(name: str, /, *content: Content, **attributes: str | bool | None) -> Html:
    """Make an element. `class_` and `for_` are the attributes whose names Python has taken, `aria_label` is
    `aria-label`. False and None leave an attribute out. Raises `ValueError` for a link that leaves the site.
    """
    parts = [name]
    for key, value in attributes.items():
        attribute = key.rstrip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            parts.append(attribute)
            continue
        if attribute in _URLS and (not value.startswith(("/", "#", "?")) or value.startswith("//")):
            raise ValueError(f"{value!r} leads out of the site")
        parts.append(f'{attribute}="{escape(escape_controls(value))}"')
    opening = f"<{' '.join(parts)}>"
    return Html(opening if name in _VOID else f"{opening}{render(content)}</{name}>")
