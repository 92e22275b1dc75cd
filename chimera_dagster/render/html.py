"""A page as one HTML file that needs nothing else, and a policy under which nothing else could load.

Only a page with an interactive table has a script: templates/page.js, which the policy names by its digest.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import assert_never

from chimera_dagster.render.page import (
    NOTE_TITLES,
    Block,
    Bullets,
    Code,
    CodeBlock,
    Details,
    Emphasis,
    Figure,
    Heading,
    Inline,
    Inlines,
    LineBreak,
    Link,
    Note,
    Numbered,
    Page,
    Paragraph,
    Rule,
    Strong,
    Table,
    Target,
    Text,
    headings,
    reads_from_right,
    visible,
)

_POLICY = "default-src 'none'; style-src 'unsafe-inline';{} img-src data:; base-uri 'none'; form-action 'none'"
_MAIN = "_main"  # no heading's anchor begins like this


def to_html(page: Page) -> str:
    """The whole document; the same page is the same text."""
    script = _script() if any(isinstance(block, Table) and block.interactive for block in page.blocks) else ""
    return f"""<!doctype html>
<html lang="{escape(page.lang)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{escape(visible(page.title))}</title>
<style>
{_style()}</style>
</head>
<body>
<a class="skip" href="#{_MAIN}">Skip to the content</a>
<header><h1>{_text(page.title)}</h1></header>
{_contents(page)}<main id="{_MAIN}" tabindex="-1">
{_blocks(page.blocks)}
</main>
{f"<script>{script}</script>" if script else ""}</body>
</html>
"""


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _POLICY.format(f" script-src 'sha256-{digest}';" if script else "")


@cache
def _script() -> str:
    return files("chimera_dagster.render").joinpath("templates", "page.js").read_text(encoding="utf-8")


@cache
def _style() -> str:
    return files("chimera_dagster.render").joinpath("templates", "page.css").read_text(encoding="utf-8")


def _contents(page: Page) -> str:
    sections = [heading for heading in headings(page.blocks) if heading.level == 2 and heading.anchor]
    if len(sections) < 3:
        return ""
    links = "".join(f'<li><a href="#{heading.anchor}">{_text(heading.text)}</a></li>\n' for heading in sections)
    return f'<nav aria-label="Contents"><ul>\n{links}</ul></nav>\n'


def _blocks(blocks: Sequence[Block]) -> str:
    return "\n".join(map(_block, blocks))


def _block(block: Block) -> str:  # noqa: PLR0911 - a line for each kind
    match block:
        case Heading():
            anchor = f' id="{block.anchor}"' if block.anchor else ""
            return f"<h{block.level}{anchor}>{_text(block.text)}</h{block.level}>"
        case Paragraph():
            return f"<p>{_inlines(block.inlines)}</p>"
        case Bullets():
            return f"<ul>\n{_items(block.items)}</ul>"
        case Numbered():
            return f'<ol start="{block.start}">\n{_items(block.items)}</ol>'
        case Table():
            return _table(block)
        case CodeBlock():
            # one line feed behind <pre> belongs to the tag
            return f"<pre>\n<code>{_text(block.text)}</code></pre>"
        case Note():
            title = f'<p class="kind">{NOTE_TITLES[block.kind]}</p>'
            return f'<div class="note {block.kind}" role="note">\n{title}\n{_blocks(block.blocks)}\n</div>'
        case Figure():
            return _figure(block)
        case Rule():
            return "<hr>"
        case Details():
            return _details(_text(block.summary), _blocks(block.blocks))
        case _:
            assert_never(block)


def _items(items: Sequence[Inlines]) -> str:
    return "".join(f"<li>{_inlines(item)}</li>\n" for item in items)


def _details(summary: str, content: str) -> str:
    return f"<details>\n<summary>{summary}</summary>\n{content}\n</details>"


def _figure(figure: Figure) -> str:
    rows = len(figure.table.rows)
    data = _details(f"The values of this figure ({rows} {'row' if rows == 1 else 'rows'})", _table(figure.table))
    said = f"<strong>{_text(figure.title)}</strong> {_text(figure.description)}"
    return f"<figure>\n<figcaption>{said}</figcaption>\n{figure.svg}\n{data}\n</figure>"


def _table(table: Table) -> str:
    head = "".join(_cell("th", f'{_numeric(table, n)} scope="col"', _text(name)) for n, name in enumerate(table.header))
    rows = "".join(f"<tr>{_row(table, row)}</tr>\n" for row in table.rows)
    kind = "scroll interactive" if table.interactive else "scroll"
    return (
        f'<div class="{kind}" role="region" aria-label="{escape(visible(table.caption))}" tabindex="0"><table>\n'
        f"<caption><span>{_text(table.caption)}</span></caption>\n"
        f"<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table></div>"
    )


def _row(table: Table, row: Sequence[Inlines]) -> str:
    """The first column names the row, unless it is a number itself."""
    return "".join(
        _cell("th", ' scope="row"', _inlines(cell))
        if number == 0 and 0 not in table.numeric
        else _cell("td", _numeric(table, number), _inlines(cell))
        for number, cell in enumerate(row)
    )


def _numeric(table: Table, column: int) -> str:
    return ' class="n"' if column in table.numeric else ""


def _cell(tag: str, attributes: str, content: str) -> str:
    return f"<{tag}{attributes}>{content}</{tag}>"


def _inlines(content: Inlines) -> str:
    return "".join(map(_inline, content))


def _inline(part: Inline) -> str:  # noqa: PLR0911 - a line for each kind
    match part:
        case Text():
            return _text(part.text)
        case Strong():
            return f"<strong>{_text(part.text)}</strong>"
        case Emphasis():
            return f"<em>{_text(part.text)}</em>"
        case Code():
            return f"<code>{_text(part.text)}</code>"
        case Target():
            return f'<span id="{part.anchor}">{_text(part.text)}</span>'
        case Link():
            words = _text(part.text)
            return words if part.target is None else f'<a href="{escape(part.target)}">{words}</a>'
        case LineBreak():
            return "<br>"
        case _:
            assert_never(part)


def _text(text: str) -> str:
    """The one place where text becomes HTML; letters that run from the right are kept from reordering their line."""
    words = escape(visible(text))
    return f"<bdi>{words}</bdi>" if reads_from_right(text) else words
