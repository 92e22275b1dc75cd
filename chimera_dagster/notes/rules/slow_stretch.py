"""Runs of a model that were slow one after the other, as if the machine had other work then."""

from collections.abc import Iterator
from dataclasses import replace

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.findings.stretches import SlowStretches
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Number, Phrase, count, model, number, phrase, subject
from chimera_dagster.notes.reading import times
from chimera_dagster.schemas import DECODE

_WEIGHT = 103.0  # on the first screen: it moves every comparison with the model


def slow_stretch(data: NoteContext) -> Iterator[Note]:
    """One note for each model with such a stretch."""
    for each in data.found("slow_stretches", SlowStretches):
        about = each.about
        parts = {
            "n": phrase(
                "{n} of {m} of {model}",
                n=number(len(about.rows)),
                m=count(about.total, "warm run"),
                model=subject(about.model),
            ),
            "r": Number(times(about.times), about.times, ""),
            "stretches": in_stretches(about),
        }
        yield Note(
            "slow_stretch",
            "findings",
            _WEIGHT,
            (
                phrase(
                    "{n} followed each other{stretches} and decoded on average {r} times as slowly as is usual, as if "
                    "the machine had other work; that moves every comparison with {it}.",
                    it=model(about.model),
                    **parts,
                ),
                phrase(
                    "{n} decoded on average {r} times as slowly as is usual, one after the other{stretches}, as if the "
                    "machine had other work; that moves every comparison with {it}.",
                    it=model(about.model),
                    **parts,
                ),
            ),
            replace(scope_of(about.rows, "warm"), n=about.total),
            DECODE,
            sources=tuple(sources_of(about.rows)),
            findings=(each.id,),
        )


def in_stretches(found: SlowStretches) -> Phrase:
    """` in 2 stretches`; empty if there is one."""
    many = len(found.lengths)
    return phrase(" in {n}", n=count(many, "stretch", "stretches")) if many > 1 else ()
