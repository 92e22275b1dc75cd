"""Advice to name the model in files that measure one and do not say which."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.measures import MEASURES
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import files_in_words, scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import count, phrase

_WEIGHT, _WEIGHT_ALONE = 103.0, 160.0  # alone: without a name nothing can be said
_LEAST_SHARE = 0.02  # of all records; fewer are hardly worth a sentence
_MEASURED = [measure.metric for measure in MEASURES]


def name_model(data: NoteContext) -> Iterator[Note]:
    """One note of all files with values of a known measure and without a model."""
    table = data.data.table
    known = table[(table["metric"].isin(_MEASURED) & ~table["error"]).to_numpy()]
    rows = known[known["model"].isna().to_numpy()]
    scope = scope_of(rows)
    if rows.empty or scope.n < _LEAST_SHARE * scope_of(known).n:
        return
    files = [str(name) for name in rows["file"].unique()]
    which = files_in_words(sorted(files)) if len(files) <= 3 else count(len(files), "file")
    yield recommendation(
        "name_model",
        _WEIGHT if data.models else _WEIGHT_ALONE,
        phrase("name the model in {which}", which=which),
        phrase(f"{{n}} {'counts' if scope.n == 1 else 'count'} for no model", n=count(scope.n, "record")),
        Basis(scope, sources_of(rows)),
    )
