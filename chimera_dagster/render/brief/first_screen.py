"""The first screen of a brief: the answer, how sure it is, what to do next, and one chart that shows it."""

from collections.abc import Iterator

from chimera_dagster.notes.brief import FIRST_SCREEN, Brief, Coverage
from chimera_dagster.notes.paragraphs import paragraph as merged
from chimera_dagster.render.blocks import Block, Bullets, Inlines, Note, Numbered, Paragraph, Strong, Text
from chimera_dagster.render.brief.panels import comparison
from chimera_dagster.render.brief.words import counted, marked, paragraph, spaced

LEADING = 3
_WARNED = 2
_NEXT = 2
_MISSING = 2  # notes on what was not measured, which limit the answer


def first_screen(brief: Brief) -> Iterator[Block]:
    for place, each in enumerate(brief.of("answer")):
        yield Paragraph(marked(each.note.text, each.id, "none" if place else "words"))
    leading = brief.leading[:LEADING]
    if leading:
        yield Paragraph(paragraph(merged(leading), "figures"))
    if brief.warned:
        yield Paragraph(spaced([marked(each.note.text, each.id) for each in brief.warned[:_WARNED]]))
    if not brief.notes:
        yield Paragraph("These files say nothing that this brief could state.")
    yield Paragraph((Strong("How sure this is. "), *_sureness(brief)))
    if brief.problems:
        yield Note("warning", (Bullets(brief.problems),))
    advice = brief.of("recommendations")[:_NEXT]
    if advice:
        yield Paragraph((Strong("What to do next."),))
        yield Numbered(tuple(marked(each.note.text, each.id) for each in advice))
    else:
        yield Paragraph(
            (
                Strong("What to do next. "),
                Text(f"Nothing in these results calls for a change{limit_words(brief.coverage)}."),
            )
        )
    chart = comparison(brief.charts.compared)
    if chart:
        yield chart


def coverage_words(coverage: Coverage) -> str:
    """`270 runs in 68 files, all read in full; 97 % of the numbers were understood.`"""
    if not coverage.files:
        return "There is no file to read."
    files = counted(coverage.files, "file")
    said = f"{counted(coverage.runs, 'run')} in {files}" if coverage.runs else f"{files} without single runs"
    bad, empty = coverage.not_in_full, sum(each.status == "empty" for each in coverage.unread)
    parts = [f"{bad:,} {'was' if bad == 1 else 'were'} not read in full"] if bad else []
    parts += [f"{empty:,} {'holds' if empty == 1 else 'hold'} no number"] if empty else []
    if parts:
        said += f", of which {' and '.join(parts)}"
    else:
        said += ", all read in full" if coverage.files > 1 else ", read in full"
    if coverage.numbers:
        said += f"; {_percent(coverage)} of the numbers were understood"
    return f"{said}."


def limit_words(coverage: Coverage) -> str:
    """What a sentence that there is nothing has to leave open, as its end: empty if every number was read."""
    left = coverage.numbers - coverage.covered
    if left:
        return f", but {counted(left, 'number')} could not be read"
    return ", but not every file was read in full" if coverage.not_in_full else ""


def _sureness(brief: Brief) -> Inlines:
    limits = [each for each in brief.of("not_measured") if each.note.weight >= FIRST_SCREEN][:_MISSING]
    return spaced([(Text(coverage_words(brief.coverage)),), *(marked(each.note.text, each.id) for each in limits)])


def _percent(coverage: Coverage) -> str:
    """Rounded down, so that 100 % means all."""
    return f"{coverage.covered * 100 // coverage.numbers} %"
