"""Models that can't be compared, and what differs between them."""

from collections.abc import Iterator, Sequence

from chimera_dagster.evidence.findings.cells import files_of, sources_of_cells
from chimera_dagster.evidence.findings.ranking import NotComparable
from chimera_dagster.evidence.setups import Setup, varying
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.order_words import rest
from chimera_dagster.notes.phrase import Phrase, listed, model, phrase, setting
from chimera_dagster.notes.settings import several_in_words

_WEIGHT = 60.0
_MOST = 3  # notes; the first has the most models
_SHOWN = 3  # models and conditions of one sentence


def incomparable(data: NoteContext) -> Iterator[Note]:
    """A note for each reason why models share no conditions."""
    found = sorted(data.found("not_comparable", NotComparable), key=lambda each: -len(each.about.groups))
    for place, each in enumerate(found[:_MOST]):
        cells = [cell for group in each.about.groups for cell in group]
        measures = each.about.measures
        scope = Scope(
            tuple(sorted({cell.model for cell in cells})),
            _common([cell.setup for cell in cells]),
            n=sum(len(cell.places) for cell in cells),
            files=len(files_of(cells)),
        )
        yield Note(
            "incomparable",
            "findings",
            _WEIGHT - place,
            _wordings(each.about),
            scope,
            measures[0].metric if len(measures) == 1 else None,
            sources=tuple(sources_of_cells(cells)),
            findings=(each.id,),
        )


def _wordings(about: NotComparable) -> tuple[Phrase, ...]:
    measures = about.measures
    by = listed([*(phrase(each.words) for each in measures[:_SHOWN]), *rest(len(measures) - _SHOWN, "more metric")])
    groups = [sorted({cell.model for cell in group}) for group in about.groups]
    why = _each(about, groups) if len(about.names) == 1 and len(groups) <= _SHOWN else _differing(about)
    if len(groups) == 2:
        one, other = (_models(group, 2) for group in groups)
        return (
            phrase("{a} can't be compared with {b} by {by}: {why}.", a=one, b=other, by=by, why=why),
            phrase("By {by}, {a} can't be compared with {b}: {why}.", a=one, b=other, by=by, why=why),
        )
    every = sorted({name for group in groups for name in group})
    who = _models(every, _SHOWN)
    if len(every) == len(groups):
        return (
            phrase("No two of {who} can be compared by {by}: {why}.", who=who, by=by, why=why),
            phrase("By {by}, no two of {who} can be compared: {why}.", who=who, by=by, why=why),
        )
    return (
        phrase("{who} can't all be compared by {by}: {why}.", who=who, by=by, why=why),
        phrase("By {by}, only some of {who} can be compared: {why}.", who=who, by=by, why=why),
    )


def _each(about: NotComparable, models: Sequence[Sequence[str]]) -> Phrase:
    """`a was measured with one request at a time and b with 8 requests at once`."""
    parts: list[Phrase] = []
    for names, group in zip(models, about.groups, strict=True):
        verb = "" if parts else " was measured" if len(names) == 1 else " were measured"
        words = several_in_words([cell.setup for cell in group], about.names)
        parts.append(phrase("{who}{verb} {words}", who=_models(names, 1), verb=verb, words=words))
    return listed(parts)


def _differing(about: NotComparable) -> Phrase:
    """`their conditions differ in num_ctx, quantization and 3 more`."""
    names = about.names or sorted(varying(cell.setup for group in about.groups for cell in group))
    shown: list[Phrase] = [(setting(name),) for name in names[:_SHOWN]]
    return phrase("their conditions differ in {names}", names=listed([*shown, *rest(len(names) - len(shown))]))


def _models(names: Sequence[str], shown: int) -> Phrase:
    named: list[Phrase] = [(model(name),) for name in names[:shown]]
    return listed([*named, *rest(len(names) - len(named), "other")])


def _common(setups: Sequence[Setup]) -> Setup:
    differing = varying(setups)
    return {name: value for name, value in setups[0].items() if name not in differing}
