"""Files that contradict their own runs, each other, or the numbers beside a value."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.evidence.findings.plausibility import DerivedApart
from chimera_dagster.evidence.findings.summaries import LeftOut, WrongFigures
from chimera_dagster.evidence.findings.units import MixedUnits, UnitsApart
from chimera_dagster.evidence.runs import MOST_SOURCES
from chimera_dagster.notes.context import Found, NoteContext
from chimera_dagster.notes.naming import files_in_words, metric_in_words
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Name, Number, Phrase, count, file, listed, model, number, phrase

_MOST = 3  # notes of one kind; the files of the rest are named in one more
_KINDS = {"std": "standard deviation", "min": "minimum", "max": "maximum"}

_About = TypeVar("_About", MixedUnits, UnitsApart, WrongFigures, DerivedApart, LeftOut)


def contradictions(data: NoteContext) -> Iterator[Note]:
    """Mistaken units first, then wrong summaries, values that their neighbours contradict, and runs left out."""
    yield from _notes(data.found("contradicting_units", MixedUnits), 90.0, _of_units)
    yield from _notes(data.found("contradicting_files", UnitsApart), 85.0, _of_files)
    yield from _notes(data.found("wrong_summaries", WrongFigures), 75.0, _of_figures)
    yield from _notes(data.found("contradicting_derived", DerivedApart), 70.0, _of_derived)
    yield from _notes(data.found("wrong_summaries", LeftOut), 65.0, _of_left_out)


def _notes(
    found: Iterator[Found[_About]], weight: float, wordings: Callable[[_About], tuple[Phrase, ...]]
) -> Iterator[Note]:
    every = list(found)
    for place, each in enumerate(every[:_MOST]):
        yield _note([each], weight - place / 10, wordings(each.about))
    rest = every[_MOST:]
    if rest:
        files = sorted({each.about.file for each in rest})
        more = {"more": count(len(files), "other file"), "names": files_in_words(files)}
        yield _note(
            rest,
            weight - 1,
            (
                phrase("The same is true of {more}: {names}.", **more),
                phrase("So it is in {more}: {names}.", **more),
            ),
        )


def _note(found: Sequence[Found[_About]], weight: float, wordings: tuple[Phrase, ...]) -> Note:
    sources = tuple(dict.fromkeys(source for each in found for source in each.finding.sources))[:MOST_SOURCES]
    models = {each.about.model for each in found if isinstance(each.about, UnitsApart)}
    scope = Scope(
        tuple(sorted(models)),
        n=sum(each.finding.n for each in found),
        files=len({name for name, _ in sources}),
    )
    ids = tuple(each.id for each in found)
    return Note("contradictions", "findings", weight, wordings, scope, sources=sources, findings=ids)


def _of_units(about: MixedUnits) -> tuple[Phrase, ...]:
    names = listed([(Name(name, "metric"),) for name in about.names])
    factor = listed([(number(each),) for each in about.factors], "or")
    runs = phrase("{n} of {m}", n=number(about.wrong), m=count(about.total, "run"))
    parts = {"runs": runs, "name": file(about.file), "names": names, "factor": factor}
    return (
        phrase(
            "In {runs} in {name}, {names} contradict each other by a factor of {factor}: one of them is not in the "
            "unit that its name says.",
            **parts,
        ),
        phrase(
            "A unit is mistaken in {name}: in {runs}, {names} contradict each other by a factor of {factor}.", **parts
        ),
    )


def _of_files(about: UnitsApart) -> tuple[Phrase, ...]:
    parts = {
        "what": metric_in_words(about.metric),
        "model": model(about.model),
        "median": number(about.median, about.unit),
        "name": file(about.file),
        "usual": number(about.usual, about.unit),
        "others": files_in_words(about.others, 2),
        "factor": number(about.factor),
    }
    return (
        phrase(
            "The {what} of {model} has a median of {median} in {name} and of {usual} in {others}, about a factor of "
            "{factor}: one of them is in the wrong unit.",
            **parts,
        ),
        phrase(
            "A unit is mistaken for {model}: its {what} has a median of {median} in {name} and of {usual} in {others}, "
            "about a factor of {factor}.",
            **parts,
        ),
    )


def _of_figures(about: WrongFigures) -> tuple[Phrase, ...]:
    row = about.row
    kind = str(row["aggregate"])
    stated, expected = _told_apart(float(row["value"]), about.expected, str(row["unit"] or ""))
    its_own = about.file == about.source
    parts = {
        "of": phrase("{wrong} of {n}", wrong=number(about.wrong), n=count(about.checked, "figure")),
        "name": file(about.file),
        "whose": phrase("the runs in the same file") if its_own else phrase("the runs in {s}", s=file(about.source)),
        "kind": _KINDS.get(kind, kind),
        "what": metric_in_words(str(row["metric"])),
        "stated": stated,
        "expected": expected,
        "runs": count(about.runs, "run"),
    }
    does = "disagrees" if about.wrong == 1 else "disagree"
    gives = "give" if about.runs > 1 else "gives"
    example = "" if about.wrong == 1 else "for example, "
    return (
        phrase(
            f"{{of}} in {{name}} {does} with {{whose}}: {example}it states a {{kind}} of {{stated}} for the {{what}}, "
            f"but {{runs}} {gives} {{expected}}.",
            **parts,
        ),
        phrase(
            f"Do not trust the {{kind}} of the {{what}} in {{name}}: it is {{stated}} there, but {{runs}} {gives} "
            f"{{expected}}. {{of}} in it {does} with {{whose}}.",
            **parts,
        ),
    )


def _of_derived(about: DerivedApart) -> tuple[Phrase, ...]:
    stated, given = _told_apart(about.stated, about.given, about.unit)
    parts = {
        "of": phrase("{n} of {m}", n=number(about.wrong), m=count(about.total, "value")),
        "what": metric_in_words(about.metric),
        "name": file(about.file),
        "stated": stated,
        "formula": Name(about.formula, "metric"),
        "given": given,
    }
    does = "contradicts" if about.wrong == 1 else "contradict"
    return (
        phrase(
            f"{{of}} of the {{what}} in {{name}} {does} the numbers beside it: where {{stated}} is stated, "
            "{formula} gives {given}. The stated values are used.",
            **parts,
        ),
        phrase(
            f"The {{what}} in {{name}} does not always fit the numbers beside it: {{of}} {does} them, such as "
            "{stated} where {formula} gives {given}. The stated values are used.",
            **parts,
        ),
    )


def _of_left_out(about: LeftOut) -> tuple[Phrase, ...]:
    used = number(about.total - about.left_out)
    parts = {"name": file(about.file), "used": used, "runs": count(about.total, "run"), "source": file(about.source)}
    why = phrase("")
    if about.failed:
        why = phrase("; {n} of the others failed", n=number(about.failed))
        if about.failed == about.left_out:
            why = phrase("; the others failed") if about.failed > 1 else phrase("; the other one failed")
    return (
        phrase("{name} sums up {used} of {runs} in {source} and does not say so{why}.", **parts, why=why),
        phrase("Of {runs} in {source}, {name} sums up {used} without saying so{why}.", **parts, why=why),
    )


def _told_apart(one: float, other: float, unit: str) -> tuple[Number, Number]:
    """Two different values with as many digits as it takes to see that."""
    first, second = number(one, unit), number(other, unit)
    if first.text != second.text:
        return first, second
    texts = [format_value(each, unit) for each in (one, other)]
    if texts[0] == texts[1]:
        texts = [f"{each:.8g} {unit}".strip() for each in (one, other)]
    return Number(texts[0], one, unit), Number(texts[1], other, unit)
