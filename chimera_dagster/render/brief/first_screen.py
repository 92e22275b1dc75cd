"""The first screen of a brief: the answer, how sure it is, what to do next, and one chart that shows it."""

from collections.abc import Iterator, Sequence

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.notes.brief import FIRST_SCREEN, Brief, Coverage
from chimera_dagster.notes.naming import metric_in_words
from chimera_dagster.notes.paragraphs import Numbered as Noted
from chimera_dagster.notes.paragraphs import paragraph as merged
from chimera_dagster.render.blocks import Beside, Block, Bullets, Inlines, Note, Numbered, Paragraph, Strong, Text
from chimera_dagster.render.brief.panels import comparison
from chimera_dagster.render.brief.tables import model_table
from chimera_dagster.render.brief.words import answer, counted, ended, marked, paragraph, spaced, written

LEADING = 3
WARNED = 2
NEXT = 3
_ENOUGH = 0.9  # of the numbers
_MISSING = 2  # notes on what was not measured, which limit the answer
# What is said of one difference and of several
_SURE = {
    Certainty.HOLDS: ("holds over the sessions", "hold over the sessions"),
    Certainty.IN_SESSION: (
        "holds within these sessions; in others it may not",
        "hold within these sessions; in others they may not",
    ),
    Certainty.PLAIN: ("was not tested: it may be chance", "were not tested: they may be chance"),
}


def first_screen(brief: Brief) -> Iterator[Block]:
    """The answer with how sure it is and what to do next, and beside it the models in figures."""
    said = tuple(_said(brief))
    table, chart = tuple(model_table(brief.by_model)), comparison(brief.by_model)
    if chart:
        yield Beside((said, (*table, chart)))
    else:
        yield from said


def _said(brief: Brief) -> Iterator[Block]:
    for place, each in enumerate(brief.of("answer")):
        yield Paragraph(marked(each.note.text, each.id) if place else answer(each))
    leading = brief.leading[:LEADING]
    if leading:
        yield Paragraph(paragraph(merged(leading, sure=False), "figures"))
    if brief.warned:
        yield Paragraph(spaced([marked(each.note.text, each.id) for each in brief.warned[:WARNED]]))
    if not brief.notes:
        yield Paragraph("These files say nothing that this brief could state.")
    yield Paragraph((Strong("How sure this is. "), *_sureness(brief, leading)))
    if brief.problems:
        yield Note("warning", (Bullets(brief.problems),))
    advice = brief.of("recommendations")[:NEXT]
    if advice:
        yield Paragraph((Strong("What to do next."),))
        yield Numbered(tuple(_advice(brief, each) for each in advice))
    else:
        yield Paragraph(
            (
                Strong("What to do next. "),
                Text(f"Nothing in these results calls for a change{limit_words(brief.coverage)}."),
            )
        )


def coverage_in_short(coverage: Coverage) -> str:
    """`270 runs in 68 files.`, with what limits an answer: files that broke off, numbers that nothing knows."""
    if not coverage.files:
        return "There is no file to read."
    files = counted(coverage.files, "file")
    parts = [f"{counted(coverage.runs, 'run')} in {files}" if coverage.runs else f"{files} without single runs"]
    if bad := coverage.not_in_full:
        parts.append(f"{bad:,} not read in full")
    if coverage.numbers and coverage.share < _ENOUGH:
        parts.append(f"only {_percent(coverage)} of the numbers understood")
    return f"{', '.join(parts)}."


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


def limits(brief: Brief) -> list[Noted]:
    """What was not measured and limits the answer."""
    return [each for each in brief.of("not_measured") if each.note.weight >= FIRST_SCREEN][:_MISSING]


def limit_words(coverage: Coverage) -> str:
    """What a sentence that there is nothing has to leave open, as its end: empty if every number was read."""
    left = coverage.numbers - coverage.covered
    if left:
        return f", but {counted(left, 'number')} could not be read"
    return ", but not every file was read in full" if coverage.not_in_full else ""


def _sureness(brief: Brief, leading: Sequence[Noted]) -> Inlines:
    return spaced(
        [
            *([written(brief.machine)] if brief.machine else []),
            (Text(coverage_in_short(brief.coverage)),),
            *([(Text(said),)] if (said := _certainty_words(leading)) else []),
            *(marked(each.note.text, each.id) for each in limits(brief)),
        ]
    )


def _advice(brief: Brief, each: Noted) -> Inlines:
    """The action alone, if its reason is a finding that stands above."""
    above = {finding for shown in brief.warned[:WARNED] for finding in shown.note.findings}
    told = each.note.findings and above.issuperset(each.note.findings)
    return marked(ended(each.note.action) if told else each.note.text, each.id)


def _certainty_words(leading: Sequence[Noted]) -> str:
    """How sure the differences above are, once for all of them, or by metric if they are not equally sure."""
    found: dict[Certainty, list[str]] = {}
    for each in leading:
        note = each.note
        if note.order and note.certainty is not None and note.certainty in _SURE:
            words = metric_in_words(note.metric).text if note.metric else ""
            found.setdefault(note.certainty, []).append(words)
    said: list[str] = []
    for certainty, metrics in found.items():
        one = len(metrics) == 1
        which = "" if len(found) == 1 or not all(metrics) else f" in {' and '.join(dict.fromkeys(metrics))}"
        said.append(f"The difference{'' if one else 's'}{which or ' above'} {_SURE[certainty][not one]}.")
    return " ".join(said)


def _percent(coverage: Coverage) -> str:
    """Rounded down, so that 100 % means all."""
    return f"{coverage.covered * 100 // coverage.numbers} %"
