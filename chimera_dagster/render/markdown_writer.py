"""A page as Markdown that GitHub, VS Code and the Dagster UI show alike: CommonMark with pipe tables, no HTML.

Nothing in a text can become markup: every character that could is escaped here and nowhere else. An address in a text
is written as code, because those viewers turn bare addresses into links.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import assert_never
from urllib.parse import quote

from chimera_dagster.render.blocks import (
    Beside,
    Block,
    Bullets,
    Byline,
    Chart,
    Code,
    CodeBlock,
    Content,
    Details,
    Heading,
    Inline,
    Inlines,
    LineBreak,
    Link,
    Note,
    Numbered,
    Page,
    Paragraph,
    Part,
    Strong,
    Table,
    Target,
    Text,
    inlines,
    joined,
)
from chimera_dagster.text.foreign import reads_from_right, visible

_CHART_ROWS = 10  # of a chart's values; the HTML page has the drawing and all of them
_ROWS = 50  # of an interactive table, or one that is not printed; a viewer draws thousands slowly, and all are in HTML

_ADDRESS = re.compile(
    r"((?:[a-z][a-z0-9+.-]{0,20}://|www\.|mailto:|xmpp:)[^\s`|\\<>\"]*[\w/#&=%]|[\w.+-]{1,64}@[\w-]+\.[\w.-]*\w)", re.I
)
# Anywhere in a line: emphasis, code, links, images, HTML, headings, struck out text, formulas, the ends of cells.
_ANYWHERE = {char: f"\\{char}" for char in "\\`*_[]#~$"} | {"<": "&lt;", "|": "&#124;"}
_LINK = re.compile(r"(?<!\\)\[((?:[^\]\\\n]|\\.)+)\]\([^)\n]+\)")
_ENTITY = re.compile(r"&(?=#|\w)")
_IN_NAME = re.compile(r"(?<=[^\W_])\\_(?=[^\W_])")  # as in num_ctx, which is never emphasis
# At the start of a line: quotes, lists, rules, underlined headings, rows that would turn the line before into a table.
_LINE_START = re.compile(r"^(?:[>+\-=:]|\d+(?=[.)]))")


def to_markdown(page: Page) -> str:
    """The whole page; it ends with a line feed."""
    return "\n\n".join([f"# {_line(page.title)}", *_blocks(page.blocks)]) + "\n"


def blocks_to_markdown(blocks: Sequence[Block]) -> str:
    """Blocks without a page around them, such as a preview."""
    return "\n\n".join(_blocks(blocks))


def without_links(markdown: str) -> str:
    """The page with links replaced by their texts, for a place where relative links lead nowhere."""
    return _LINK.sub(r"\1", markdown)


def _blocks(blocks: Sequence[Block]) -> list[str]:
    written: list[str] = []
    last: Block | None = None
    is_second = False  # of two adjacent lists, which other markers keep from being one list
    for block in blocks:
        is_second = not is_second if isinstance(block, Bullets | Numbered) and type(block) is type(last) else False
        text = _block(block, is_second)
        if text:
            written.append(text)
            last = block
    return written


def _block(block: Block, is_second: bool) -> str:  # noqa: PLR0911, PLR0912 - a line for each kind
    match block:
        case Heading():
            return f"{'#' * block.level} {_line(block.text)}"
        case Paragraph():
            return _lines(block.content)
        case Byline():
            return f"_{_line(block.content)}_"
        case Bullets():
            return "\n".join(_item("*" if is_second else "-", item) for item in block.items)
        case Numbered():
            mark = ")" if is_second else "."
            return "\n".join(_item(f"{number}{mark}", item) for number, item in enumerate(block.items, block.start))
        case Table():
            return _table(block, _ROWS if block.interactive else None)
        case CodeBlock():
            return _fenced(block)
        case Note():
            return _quoted([f"**{block.title}**", *_blocks(block.blocks)])
        case Chart():
            return _chart(block)
        case Details():
            return _details(block)
        case Beside():
            return "\n\n".join(text for part in block.parts for text in _blocks(part))
        case Part():
            return "\n\n".join(_blocks((block.heading, Paragraph(block.lead), *block.blocks)))
        case _:
            assert_never(block)


def _item(marker: str, item: Content) -> str:
    return f"{marker} {_lines(item)}".replace("\n", "\n" + " " * (len(marker) + 1))


def _quoted(blocks: Sequence[str]) -> str:
    return "\n".join(f"> {line}".rstrip() for line in "\n\n".join(blocks).split("\n"))


def _details(block: Details) -> str:
    """What is not printed is the longest part of a page, and nothing is folded here: its tables are cut."""
    inner = [
        _table(each, _ROWS) if isinstance(each, Table) and not block.on_paper else _block(each, is_second=False)
        for each in block.blocks
    ]
    title = block.summary
    first = _block(title, is_second=False) if isinstance(title, Heading) else _lines((Strong(title),))
    return "\n\n".join([first, *inner])


def _chart(chart: Chart) -> str:
    if chart.in_table:
        return ""
    caption = _lines((Strong(f"Chart: {chart.title}."), Text(f" {chart.description}")))
    return "\n\n".join([caption, _table(chart.table, _CHART_ROWS)])


def _table(table: Table, limit: int | None) -> str:
    """The first `limit` rows, and how many are left out."""
    shown = table.rows[:limit]
    left = len(table.rows) - len(shown)
    rules = ["---:" if number in table.numeric else "---" for number in range(len(table.header))]
    rows = [
        [_line(name) for name in table.header],
        rules,
        *([_line(cell) for cell in row] for row in shown),
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    more = ["", f"and {left} more {'row' if left == 1 else 'rows'}; the HTML page has all of them"] if left else []
    return "\n".join([f"_{_text(table.caption).strip()}_", "", *lines, *more])


def _fenced(block: CodeBlock) -> str:
    text = visible(block.text).rstrip("\n")
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{block.language}\n{text}\n{fence}"


def _lines(content: Content) -> str:
    """Content as lines of its own, none of which begins a block."""
    lines = [_LINE_START.sub(_escaped_start, line.strip()) for line in _inlines(content, in_line=False).split("\n")]
    return "\\\n".join(line for line in lines if line)


def _escaped_start(start: re.Match[str]) -> str:
    return f"{start[0]}\\" if start[0].isdigit() else f"\\{start[0]}"


def _line(content: Content) -> str:
    """Content as a cell or a heading."""
    return _inlines(content, in_line=True).strip()


def _inlines(content: Content, in_line: bool) -> str:
    parts = joined(inlines(content) if isinstance(content, str) else content)
    written, end = "", 0
    for number, part in enumerate(parts):
        if number < end:
            continue
        match part:
            case Text() | Target():
                written += _text(part.text)
            case Strong():
                end = _end_of_strong(parts, number)
                words = "".join(
                    _inline_code(each.text, in_line) if isinstance(each, Code) else _text(each.text)
                    for each in parts[number:end]
                    if isinstance(each, Strong | Code)
                )
                written += _strong(words, written, parts[end] if end < len(parts) else None)
            case Code():
                code = _inline_code(part.text, in_line)
                written += " " + code if written.endswith("`") and code.startswith("`") else code
            case Link():
                words, target = _text(part.text), f"#{part.section}" if part.section else part.target
                written += words if target is None else f"[{words}]({_address(target)})"
            case LineBreak():
                written += " " if in_line else "\n"
            case _:
                assert_never(part)
    return written


def _end_of_strong(parts: Inlines, first: int) -> int:
    """The place behind strong words; code between two of them belongs to them, so that a sentence is strong as one."""
    end = first + 1
    while end + 1 < len(parts) and isinstance(parts[end], Code) and isinstance(parts[end + 1], Strong):
        end += 2
    return end


def _inline_code(text: str, in_line: bool) -> str:
    return _isolated(text, _code(text, in_cell=in_line))


def _text(text: str) -> str:
    words = re.sub(r"\s+", " ", visible(text))
    return _isolated(
        text,
        "".join(
            _code(part, in_cell=True) if number % 2 else _escaped(part)
            for number, part in enumerate(_ADDRESS.split(words))
        ),
    )


def _isolated(text: str, written: str) -> str:
    """What was written for `text`; letters in it that run from the right can't reorder its line."""
    return f"\u2068{written}\u2069" if reads_from_right(text) else written


def _escaped(text: str) -> str:
    return _IN_NAME.sub("_", "".join(_ANYWHERE.get(char, char) for char in _ENTITY.sub("&amp;", text)))


def _code(text: str, in_cell: bool) -> str:
    words = re.sub(r"\s+", " ", visible(text)).strip()
    if not words or (in_cell and "|" in words):  # viewers differ in how they unescape a bar in code
        return _escaped(words)
    fence = "`" * (_longest_run(words) + 1)
    space = " " if words[0] == "`" or words[-1] == "`" else ""
    return f"{fence}{space}{words}{space}{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _address(href: str) -> str:
    return _ENTITY.sub("&amp;", quote(href, safe="/:?#@!&'+,;=%-."))


def _strong(words: str, before: str, after: Inline | None) -> str:
    """The words between marks, or without them if CommonMark would not read them as marks there."""
    inner = words.strip()
    if not inner:
        return words
    begins, ends = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
    opens = begins or _divides(before[-1:]) or inner[0].isalnum()
    closes = ends or _divides(_first_char(after)) or inner[-1].isalnum()
    return f"{begins}**{inner}**{ends}" if opens and closes else words


def _first_char(after: Inline | None) -> str:
    match after:
        case None | LineBreak():
            return ""
        case Text() | Target():
            return visible(after.text)[:1]
        case Strong() | Code() | Link():
            return "*"


def _divides(char: str) -> bool:
    """Whether words end at `char`, which is empty at the end of a line."""
    return not char or char.isspace() or unicodedata.category(char).startswith("P")
