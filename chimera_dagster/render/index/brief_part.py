"""The first half of the index page: what the user's own benchmarks say, which no model had a part in."""

from collections.abc import Iterator
from dataclasses import replace

from chimera_dagster.notes.brief import Brief
from chimera_dagster.render.blocks import (
    Block,
    Bullets,
    Code,
    Content,
    Heading,
    Link,
    Note,
    Numbered,
    Paragraph,
    Part,
    inlines,
)
from chimera_dagster.render.brief.first_screen import first_screen
from chimera_dagster.render.brief.page import TITLE

_HEADING = Heading(2, TITLE, "benchmarks")
_LEAD = "About the results in your reports folder. Computed from its files; no language model took part."


def brief_part(brief: Brief | None, address: str) -> Part:
    """The first screen of the brief, with a link to the rest of it; `address` is that of brief.html."""
    if brief is None:
        missing = inlines(
            *(
                "There is no brief yet: ",
                Code("chimera ingest"),
                " reads the folder and writes it, and this page shows it ",
            ),
            *("when it is written again. ", Code("chimera brief DIR"), " prints it right away."),
        )
        return Part(_HEADING, _LEAD, (Paragraph(missing),))
    more = inlines(
        *(Link("The whole brief", address), " has the performance by configuration, the findings and the risks, and "),
        "for every figure the files and rows that it comes from.",
    )
    return Part(_HEADING, _LEAD, (*_elsewhere(first_screen(brief), address), Paragraph(more)))


def _elsewhere(blocks: Iterator[Block], address: str) -> Iterator[Block]:
    """The same blocks, with links that lead to places of the brief from another page."""
    for block in blocks:
        match block:
            case Paragraph():
                yield Paragraph(_linked(block.content, address))
            case Bullets() | Numbered():
                yield replace(block, items=tuple(_linked(item, address) for item in block.items))
            case Note():
                yield replace(block, blocks=tuple(_elsewhere(iter(block.blocks), address)))
            case _:
                yield block


def _linked(content: Content, address: str) -> Content:
    if isinstance(content, str):
        return content
    return tuple(
        Link(part.text, address + part.href) if isinstance(part, Link) and part.href.startswith("#") else part
        for part in content
    )
