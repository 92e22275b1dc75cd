"""Runs that failed: files of which nothing is left, and files in which some did."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from chimera_dagster.evidence.findings.failures import FailedRuns
from chimera_dagster.evidence.runs import MOST_SOURCES
from chimera_dagster.notes.context import Found, NoteContext
from chimera_dagster.notes.naming import files_in_words, models_in_words, scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Phrase, capital, count, file, number, phrase
from chimera_dagster.schemas import FAILED

_WHOLE, _PART = 80.0, 60.0


def failures(data: NoteContext) -> Iterator[Note]:
    """One note of the files in which every run failed, and one of those in which some did."""
    found = sorted(data.found("failed_runs_of_files", FailedRuns), key=lambda each: each.about.file)
    whole = [each for each in found if each.about.failed == each.about.runs]
    if whole:
        yield _note(data, whole, _WHOLE, _all_failed([each.about for each in whole]))
    part = [each for each in found if each.about.failed < each.about.runs]
    if part:
        models = scope_of(_rows(data, part)).models
        yield _note(data, part, _PART, _some_failed([each.about for each in part], models))


def _note(data: NoteContext, found: Sequence[Found[FailedRuns]], weight: float, wordings: tuple[Phrase, ...]) -> Note:
    scope = replace(scope_of(_rows(data, found)), n=sum(each.about.runs for each in found))
    sources = [(each.about.file, record) for each in found for record in each.about.records]
    ids = tuple(each.id for each in found)
    return Note("failures", "findings", weight, wordings, scope, sources=tuple(sources[:MOST_SOURCES]), findings=ids)


def _rows(data: NoteContext, found: Sequence[Found[FailedRuns]]) -> pd.DataFrame:
    """The failed records of the files."""
    table = data.data.table
    return table[((table["metric"] == FAILED) & table["file"].isin([each.about.file for each in found])).to_numpy()]


def _all_failed(files: Sequence[FailedRuns]) -> tuple[Phrase, ...]:
    runs = sum(each.failed for each in files)
    names = files_in_words([each.file for each in files])
    if len(files) > 1:
        every = phrase("{n} in {m}", n=count(runs, "run"), m=count(len(files), "file"))
        return (
            phrase("All {every} failed, so nothing in them measures a model: {names}.", every=every, names=names),
            phrase("Nothing can be learned from {names}: all {every} failed.", every=every, names=names),
        )
    if runs == 1:
        return (
            phrase("The only run in {names} failed, so nothing in it measures a model.", names=names),
            phrase("Nothing can be learned from {names}: its only run failed.", names=names),
        )
    every = phrase("all {n}", n=count(runs, "run")) if runs > 2 else phrase("both runs")
    return (
        phrase("{every} in {names} failed, so nothing in it measures a model.", every=capital(every), names=names),
        phrase("Nothing can be learned from {names}: {every} in it failed.", every=every, names=names),
    )


def _some_failed(files: Sequence[FailedRuns], models: Sequence[str]) -> tuple[Phrase, ...]:
    failed, runs = sum(each.failed for each in files), sum(each.runs for each in files)
    most = max(files, key=lambda each: each.failed)
    parts = {
        "of_runs": phrase("{n} of {m}", n=number(failed), m=count(runs, "run")),
        "where": count(len(files), "file") if len(files) > 1 else phrase("{name}", name=file(most.file)),
        "most": phrase(", {n} of them in {name}", n=number(most.failed), name=file(most.file))
        if len(files) > 1 and most.failed > 1
        else (),
        "whose": phrase(" ({models})", models=models_in_words(models)) if models else (),
        "them": "them" if failed > 1 else "it",
    }
    return (
        phrase("{of_runs}{whose} in {where} failed{most}; no mean includes {them}.", **parts),
        phrase("In {where}, {of_runs}{whose} failed{most}. No mean includes {them}.", **parts),
    )
