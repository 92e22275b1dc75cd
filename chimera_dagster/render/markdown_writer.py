"""A page as Markdown that GitHub, VS Code and the Dagster UI show alike: CommonMark with pipe tables, no HTML.

Nothing in a text can become markup: every sign that could is escaped here and nowhere else. An address in a text is
written as code, as those viewers make links of bare addresses.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import assert_never
from urllib.parse import quote

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
    joined,
    reads_from_right,
    visible,
)

_FIGURE_ROWS = 10  # of a figure's values; the page as HTML has the drawing and all of them
_ROWS = 50  # of a table that HTML can sort and filter; a viewer draws thousands slowly, and finds nothing in them

_ADDRESS = re.compile(
    r"((?:[a-z][a-z0-9+.-]{0,20}://|www\.|mailto:|xmpp:)[^\s`|\\<>\"]*[\w/#&=%]|[\w.+-]{1,64}@[\w-]+\.[\w.-]*\w)", re.I
)
# Wherever it stands: emphasis, code, links, images, HTML, headings, struck out text, formulas, the ends of cells.
_ANYWHERE = {sign: f"\\{sign}" for sign in "\\`*_[]#~$"} | {"<": "&lt;", "|": "&#124;"}
_LINK = re.compile(r"(?<!\\)\[((?:[^\]\\\n]|\\.)+)\]\([^)\n]+\)")
_ENTITY = re.compile(r"&(?=#|\w)")
_IN_NAME = re.compile(r"(?<=[^\W_])\\_(?=[^\W_])")  # as in num_ctx, which is never emphasis
# Where a line begins: quotes, lists, rules, underlined headings, rows that make a table of the line before.
_LINE_START = re.compile(r"^(?:[>+\-=:]|\d+(?=[.)]))")


def to_markdown(page: Page) -> str:
    """The whole page; it ends with a line feed."""
    return "\n\n".join([f"# {_line((Text(page.title),))}", *_blocks(page.blocks)]) + "\n"


def blocks_to_markdown(blocks: Sequence[Block]) -> str:
    """Blocks without a page around them, such as a preview."""
    return "\n\n".join(_blocks(blocks))


def without_links(markdown: str) -> str:
    """The page with the texts of its links alone, for a place where relative links lead nowhere."""
    return _LINK.sub(r"\1", markdown)


def _blocks(blocks: Sequence[Block]) -> list[str]:
    written: list[str] = []
    last: Block | None = None
    other = False  # lists side by side would be one list, but for their signs
    for block in blocks:
        other = not other if isinstance(block, Bullets | Numbered) and type(block) is type(last) else False
        text = _block(block, other)
        if text:
            written.append(text)
            last = block
    return written


def _block(block: Block, other: bool) -> str:  # noqa: PLR0911 - a line for each kind
    match block:
        case Heading():
            return f"{'#' * block.level} {_line((Text(block.text),))}"
        case Paragraph():
            return _lines(block.inlines)
        case Bullets():
            return "\n".join(_item("*" if other else "-", item) for item in block.items)
        case Numbered():
            sign = ")" if other else "."
            return "\n".join(_item(f"{number}{sign}", item) for number, item in enumerate(block.items, block.start))
        case Table():
            return _table(block, _ROWS if block.interactive else None)
        case CodeBlock():
            return _fenced(block)
        case Note():
            return _quoted([f"**{NOTE_TITLES[block.kind]}**", *_blocks(block.blocks)])
        case Figure():
            return _figure(block)
        case Rule():
            return "---"
        case Details():
            return "\n\n".join([_lines((Strong(block.summary),)), *_blocks(block.blocks)])
        case _:
            assert_never(block)


def _item(sign: str, item: Inlines) -> str:
    return f"{sign} {_lines(item)}".replace("\n", "\n" + " " * (len(sign) + 1))


def _quoted(blocks: Sequence[str]) -> str:
    return "\n".join(f"> {line}".rstrip() for line in "\n\n".join(blocks).split("\n"))


def _figure(figure: Figure) -> str:
    said = _lines((Strong(f"Figure: {figure.title}."), Text(f" {figure.description}")))
    return "\n\n".join([said, _table(figure.table, _FIGURE_ROWS)])


def _table(table: Table, most: int | None) -> str:
    """Its first rows, `most` of them, and how many are left out."""
    shown = table.rows[:most]
    left = len(table.rows) - len(shown)
    rules = ["---:" if number in table.numeric else "---" for number in range(len(table.header))]
    rows = [
        [_line((Text(name),)) for name in table.header],
        rules,
        *([_line(cell) for cell in row] for row in shown),
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    more = ["", f"and {left} more {'row' if left == 1 else 'rows'}; the HTML page has all of them"] if left else []
    return "\n".join([_lines((Emphasis(table.caption),)), "", *lines, *more])


def _fenced(block: CodeBlock) -> str:
    text = visible(block.text).rstrip("\n")
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{block.language}\n{text}\n{fence}"


def _lines(content: Inlines) -> str:
    """Inlines as lines of their own, in which nothing begins a block."""
    lines = [_LINE_START.sub(_stopped, line.strip()) for line in _inlines(content, in_line=False).split("\n")]
    return "\\\n".join(line for line in lines if line)


def _stopped(start: re.Match[str]) -> str:
    return f"{start[0]}\\" if start[0].isdigit() else f"\\{start[0]}"


def _line(content: Inlines) -> str:
    """Inlines as a cell or a heading."""
    return _inlines(content, in_line=True).strip()


def _inlines(content: Inlines, in_line: bool) -> str:
    parts = joined(content)
    written = ""
    for number, part in enumerate(parts):
        after = parts[number + 1] if number + 1 < len(parts) else None
        match part:
            case Text() | Target():
                written += _text(part.text)
            case Strong():
                written += _emphasised("**", part.text, written, after)
            case Emphasis():
                written += _emphasised("_", part.text, written, after)
            case Code():
                code = _isolated(part.text, _code(part.text, in_cell=in_line))
                written += " " + code if written.endswith("`") and code.startswith("`") else code
            case Link():
                words, target = _text(part.text), f"#{part.section}" if part.section else part.target
                written += words if target is None else f"[{words}]({_address(target)})"
            case LineBreak():
                written += " " if in_line else "\n"
            case _:
                assert_never(part)
    return written


def _text(text: str) -> str:
    words = re.sub(r"\s+", " ", visible(text))
    return _isolated(
        text,
        "".join(
            _code(each, in_cell=True) if odd % 2 else _escaped(each) for odd, each in enumerate(_ADDRESS.split(words))
        ),
    )


def _isolated(text: str, written: str) -> str:
    """What was written for `text`, kept from reordering its line where letters in it run from the right."""
    return f"\u2068{written}\u2069" if reads_from_right(text) else written


def _escaped(text: str) -> str:
    return _IN_NAME.sub("_", "".join(_ANYWHERE.get(sign, sign) for sign in _ENTITY.sub("&amp;", text)))


def _code(text: str, in_cell: bool) -> str:
    words = re.sub(r"\s+", " ", visible(text)).strip()
    if not words or (in_cell and "|" in words):  # viewers differ on how a bar in a cell's code is escaped
        return _escaped(words)
    fence = "`" * (_longest_run(words) + 1)
    space = " " if words[0] == "`" or words[-1] == "`" else ""
    return f"{fence}{space}{words}{space}{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _address(href: str) -> str:
    return _ENTITY.sub("&amp;", quote(href, safe="/:?#@!&'+,;=%-."))


def _emphasised(mark: str, text: str, before: str, after: Inline | None) -> str:
    """The text between marks; without them where CommonMark would not take them for such."""
    words = _text(text)
    inner = words.strip()
    if not inner:
        return words
    begins, ends = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
    opens = begins or _divides(before[-1:]) or (mark == "**" and inner[0].isalnum())
    closes = ends or _divides(_first_sign(after)) or (mark == "**" and inner[-1].isalnum())
    return f"{begins}{mark}{inner}{mark}{ends}" if opens and closes else words


def _first_sign(after: Inline | None) -> str:
    match after:
        case None | LineBreak():
            return ""
        case Text() | Target():
            return visible(after.text)[:1]
        case Strong() | Emphasis() | Code() | Link():
            return "*"


def _divides(sign: str) -> bool:
    """Whether words end at `sign`, which is empty at the end of a line."""
    return not sign or sign.isspace() or unicodedata.category(sign).startswith("P")
