"""A rendered report read back: its charts and sections, from the page as HTML and as Markdown."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

from tests.drawing import Drawing

Element = ElementTree.Element


class Drawn(NamedTuple):
    """A chart of the page: its drawing, and the rows of the table under it."""

    drawing: Drawing
    rows: list[list[str]]


class Html:
    """The body of report.html, which is well-formed but for tags without an end."""

    def __init__(self, page: str) -> None:
        self.body = ElementTree.fromstring(re.sub(r"<(br)>", r"<\1/>", page[page.index("<body>") : -len("</html>\n")]))

    def charts(self) -> dict[str, Drawn]:
        """By title."""
        found: dict[str, Drawn] = {}
        for figure in self.body.iter("figure"):
            [svg] = [each for each in figure if each.tag.endswith("svg")]
            rows = [["".join(cell.itertext()) for cell in row] for row in figure.iter("tr")]
            title = figure.findtext("figcaption/strong")
            assert title is not None
            found[title] = Drawn(Drawing(ElementTree.tostring(svg, encoding="unicode")), rows[1:])
        return found

    def sections(self) -> dict[str, list[Element]]:
        """What stands between each heading with an anchor and the next, by that anchor."""
        [main] = list(self.body.iter("main"))
        found: dict[str, list[Element]] = {}
        for element in _in_order(main):
            if re.fullmatch("h[1-6]", element.tag):
                found[element.attrib["id"]] = last = []
            else:
                last.append(element)  # pyright: ignore - a page begins with a heading
        return found


def _in_order(parent: Element) -> Iterator[Element]:
    """The blocks of a page, those that stand beside each other or are folded below a heading one after the other."""
    for element in parent:
        heading = element.find("summary")
        if element.tag == "div" and element.get("class") == "beside":
            for part in element:
                yield from _in_order(part)
        elif element.tag == "details" and heading is not None and len(heading):
            yield from heading
            yield from _in_order(element)
        elif element.tag != "summary":
            yield element


def texts(element: Element, inside: tuple[Element, ...] = ()) -> Iterator[tuple[str, tuple[Element, ...]]]:
    """Each text with the elements that it stands in, the innermost last."""
    inside = (*inside, element)
    if element.text:
        yield element.text, inside
    for child in element:
        yield from texts(child, inside)
        if child.tail:
            yield child.tail, inside
