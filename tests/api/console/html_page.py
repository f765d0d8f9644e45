"""A page as a test reads it: its elements, its forms, and what every page of ours has to keep to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
#: Of SVG: drawn by one element that ends itself.
_DRAWN = frozenset({"path", "rect", "line", "circle", "polyline", "polygon", "use"})
_FIELDS = frozenset({"input", "select", "textarea"})


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, spaces as one."""
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join(" ".join(parts).split())

    def find_all(self, tag: str | None = None, **attributes: str) -> list[Element]:
        return [
            each
            for each in self.walk()
            if (tag is None or each.tag == tag)
            and all(each.attributes.get(name.rstrip("_").replace("_", "-")) == v for name, v in attributes.items())
        ]

    def walk(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()


class HtmlPage(HTMLParser):
    """A whole page; raises AssertionError where its elements do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = text
        self.root = self._open = Element("#root", {})
        self.feed(text)
        self.close()
        assert self._open is self.root, f"<{self._open.tag}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self._open)
        assert len(element.attributes) == len(attrs), f"<{tag}> has an attribute twice"
        self._open.children.append(element)
        if tag not in _VOID:
            self._open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.tag == tag, f"</{tag}> ends <{self._open.tag}>"
        assert self._open.parent is not None
        self._open = self._open.parent

    def handle_data(self, data: str) -> None:
        self._open.children.append(data)

    @property
    def text(self) -> str:
        return self.root.text

    @property
    def title(self) -> str:
        return self.root.find_all("title")[0].text

    @property
    def headings(self) -> list[str]:
        return [each.text for each in self.root.walk() if each.tag in ("h1", "h2", "h3")]

    def find_form(self, action: str) -> dict[str, str]:
        """The fields of the form that is sent there, as it was made."""
        [form] = [each for each in self.root.find_all("form") if each.attributes.get("action") == action]
        values = {}
        for each in form.walk():
            name = each.attributes.get("name")
            if name is None or each.tag == "button":
                continue
            if each.tag == "select":
                options = each.find_all("option")
                chosen = [one for one in options if "selected" in one.attributes] or options[:1]
                values[name] = chosen[0].attributes.get("value", chosen[0].text) if chosen else ""
            elif each.tag == "textarea":
                values[name] = "".join(child for child in each.children if isinstance(child, str)).lstrip("\n")
            elif each.attributes.get("type") not in ("checkbox", "radio") or "checked" in each.attributes:
                values[name] = each.attributes.get("value", "")
        return values

    def list_complaints(self) -> list[str]:
        """Which rules of every page it breaks."""
        elements = list(self.root.walk())
        ids = Counter(each.attributes["id"] for each in elements if "id" in each.attributes)
        found = [f"the id {name} stands {number} times" for name, number in ids.items() if number > 1]
        found += [f"{len(self.root.find_all('h1'))} h1"] if len(self.root.find_all("h1")) != 1 else []
        labelled = {each.attributes.get("for") for each in elements if each.tag == "label"}
        for each in elements:
            where = f"<{each.tag} {each.attributes}>"
            found += [f"{where}: {n}" for n in each.attributes if n.startswith("on") or n == "style"]
            if each.tag in ("style", "script") and (each.children or "src" not in each.attributes):
                found.append(f"{where}: stands in the page")
            for name in ("src", "href", "action"):
                value = each.attributes.get(name, "/")
                # A link that a person wrote sends no referrer.
                is_theirs = each.tag == "a" and "noreferrer" in each.attributes.get("rel", "").split()
                if is_theirs and value.startswith(("https://", "http://")):
                    continue
                if not value.startswith(("/", "#", "?")) or value.startswith("//"):
                    found.append(f"{where}: leads elsewhere")
            if each.tag in _FIELDS and each.attributes.get("type") != "hidden" and not _is_labelled(each, labelled):
                found.append(f"{where}: has no label")
            if each.tag == "form" and each.attributes.get("method") == "post" and not each.find_all(name="csrf"):
                found.append(f"{where}: has no token")
        return found


def _is_labelled(element: Element, labelled: set[str | None]) -> bool:
    above, inside = element.parent, False
    while above is not None:
        inside, above = inside or above.tag == "label", above.parent
    return inside or element.attributes.get("id") in labelled or "aria-label" in element.attributes
