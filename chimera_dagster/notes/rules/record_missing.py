"""Advice to record what no file has and a choice needs."""

from collections.abc import Iterator

from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import listed, phrase
from chimera_dagster.notes.rules.not_measured import missing, whose_answers

_WEIGHT = 90.0
# What is advised if it is missing, and what it says about a model
_ADVISED = (
    ("quality", "a score of the answers", "how good {answers} are"),
    ("speed", "the time to first token and the decode throughput", "how fast a model answers"),
    ("GPU memory", "GPU memory", "whether a model fits the GPU"),
    ("power", "power", "what a model costs"),
    ("time to first token", "the time to first token", "how long people wait"),
    ("throughput under load", "a run with several requests at once", "how many people a model serves"),
)
_MOST = 3


def record_missing(data: NoteContext) -> Iterator[Note]:
    """One note, if something of it is missing."""
    absent = set(missing(data))
    answers = whose_answers(data)
    advised = [(what, why.format(answers=answers)) for name, what, why in _ADVISED if name in absent][:_MOST]
    if not advised or data.data.table.empty:
        return
    runs, files = data.size
    yield recommendation(
        "record_missing",
        _WEIGHT,
        phrase("add {what} to the next runs", what=listed([phrase(what) for what, _ in advised])),
        phrase("nothing that was read says {why}", why=listed([phrase(why) for _, why in advised], "or")),
        Basis(Scope(tuple(data.models), n=runs, files=files)),
    )
