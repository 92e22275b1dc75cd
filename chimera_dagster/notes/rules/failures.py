"""Runs that failed: files of which nothing is left, and files in which some did; and requests of load tests."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import pandas as pd

from chimera_dagster.evidence.findings.failures import FailedRuns
from chimera_dagster.evidence.runs import MOST_SOURCES
from chimera_dagster.notes.context import Found, NoteContext
from chimera_dagster.notes.failed_requests import FailedRequests, failed_requests
from chimera_dagster.notes.failed_runs import most_failed
from chimera_dagster.notes.naming import every, files_in_words, models_in_words, scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Phrase, capital, count, file, model, number, phrase
from chimera_dagster.notes.settings import in_words
from chimera_dagster.schemas import FAILED

_WHOLE, _PART = 80.0, 60.0
_FIRST_SCREEN = 100.0
_NAMED = 3  # files; the evidence has more
MANY = 0.01  # of a model's requests or runs: from there on a comparison has to say it


def failures(data: NoteContext) -> Iterator[Note]:
    """One note of the files in which every run failed, one of those in which some did, and one for each model with
    requests that failed.
    """
    yield from _of_runs(data)
    listed = {
        (PurePosixPath(each.about.file).parent, each.about.failed)
        for each in data.found("failed_runs_of_files", FailedRuns)
    }
    for each in failed_requests(data):
        if all((PurePosixPath(file).parent, each.failed) in listed for file, _ in each.sources):
            continue  # a file of the same benchmark lists these requests, and a note has them
        weight = _FIRST_SCREEN + 9 * each.share if each.share >= MANY else _PART
        yield Note("failures", "findings", weight, _of_requests(data, each), each.scope, sources=each.sources)


def _of_runs(data: NoteContext) -> Iterator[Note]:
    found = sorted(data.found("failed_runs_of_files", FailedRuns), key=lambda each: each.about.file)
    whole = [each for each in found if each.about.whole]
    if whole:
        many = _share(data, scope_of(_rows(data, whole)).models) >= MANY
        about = [each.about for each in whole]
        yield _note(data, whole, _FIRST_SCREEN + 2 if many else _WHOLE, _all_failed(about))
    part = [each for each in found if not each.about.whole]
    if part:
        rows = _rows(data, part)
        models, unnamed = scope_of(rows).models, bool(rows["model"].isna().any())
        many = _share(data, models) >= MANY
        about = [each.about for each in part]
        yield _note(
            data,
            part,
            _FIRST_SCREEN if many else _PART,
            _some_failed(about, _whose(models, unnamed=unnamed), _at(data, about)),
        )


def _note(data: NoteContext, found: Sequence[Found[FailedRuns]], weight: float, wordings: tuple[Phrase, ...]) -> Note:
    scope = replace(scope_of(_rows(data, found)), n=sum(each.about.runs for each in found))
    sources = [(each.about.file, record) for each in found for record in each.about.records]
    ids = tuple(each.id for each in found)
    return Note("failures", "findings", weight, wordings, scope, sources=tuple(sources[:MOST_SOURCES]), findings=ids)


def _share(data: NoteContext, models: Sequence[str]) -> float:
    """The largest share of a model's runs that failed."""
    table = data.data.table
    failed = table[(table["metric"] == FAILED).to_numpy()].drop_duplicates(["file", "record"])
    counts, good = failed["model"].value_counts(), data.data.runs["model"].value_counts()
    return max(
        (float(counts[name] / (counts[name] + good.get(name, 0))) for name in models if counts.get(name)), default=0.0
    )


def _rows(data: NoteContext, found: Sequence[Found[FailedRuns]]) -> pd.DataFrame:
    """The failed records of the files."""
    table = data.data.table
    return table[((table["metric"] == FAILED) & table["file"].isin([each.about.file for each in found])).to_numpy()]


def _all_failed(files: Sequence[FailedRuns]) -> tuple[Phrase, ...]:
    runs = sum(each.failed for each in files)
    names = files_in_words([each.file for each in files])
    if len(files) > _NAMED:
        parts = {"every": every(runs, "run"), "m": count(len(files), "file")}
        return (
            capital(phrase("{every} in {m} failed, so nothing in them measures a model.", **parts)),
            phrase("Nothing can be learned from {m}: {every} in them failed.", **parts),
        )
    if len(files) > 1:
        parts = {"every": every(runs, "run"), "m": count(len(files), "file"), "names": names}
        return (
            capital(phrase("{every} in {m} failed, so nothing in them measures a model: {names}.", **parts)),
            phrase("Nothing can be learned from {names}: {every} in {m} failed.", **parts),
        )
    if runs == 1:
        return (
            phrase("The only run in {names} failed, so nothing in it measures a model.", names=names),
            phrase("Nothing can be learned from {names}: its only run failed.", names=names),
        )
    parts = {"every": every(runs, "run"), "names": names}
    return (
        capital(phrase("{every} in {names} failed, so nothing in it measures a model.", **parts)),
        phrase("Nothing can be learned from {names}: {every} in it failed.", **parts),
    )


def _at(data: NoteContext, files: Sequence[FailedRuns]) -> Phrase:
    """Of which model and setup most of the failures are: `all of m with 32 requests at once (4 of 12 there)`."""
    failed = sum(each.failed for each in files)
    most = most_failed(data, failed)
    words = in_words(most.setup, data.said_of([most.model])) if most else ()
    if most is None or not words or most.failed > failed:
        return ()
    return phrase(
        "{n} of {model} {words} ({failed} of {runs} there)",
        n="all" if most.failed == failed else phrase("{n} of them", n=number(most.failed)),
        model=model(most.model),
        words=words,
        failed=number(most.failed),
        runs=number(most.runs),
    )


def _whose(models: Sequence[str], *, unnamed: bool) -> Phrase:
    """The models of the failures, in brackets; empty if none is named."""
    more = ", and runs that name no model" if unnamed else ""
    return phrase(f" ({{models}}{more})", models=models_in_words(models)) if models else ()


def _some_failed(files: Sequence[FailedRuns], whose: Phrase, at: Phrase) -> tuple[Phrase, ...]:
    failed, runs = sum(each.failed for each in files), sum(each.runs for each in files)
    most = max(files, key=lambda each: each.failed)
    parts = {
        "of_runs": phrase("{n} of {m}", n=number(failed), m=count(runs, "run")),
        "where": count(len(files), "file") if len(files) > 1 else phrase("{name}", name=file(most.file)),
        "most": phrase(", {at}", at=at)
        if at
        else phrase(", {n} of them in {name}", n=number(most.failed), name=file(most.file))
        if len(files) > 1 and most.failed > 1
        else (),
        "whose": () if at else whose,
        "them": "them" if failed > 1 else "it",
    }
    return (
        phrase("{of_runs}{whose} in {where} failed{most}; no mean includes {them}.", **parts),
        phrase("In {where}, {of_runs}{whose} failed{most}. No mean includes {them}.", **parts),
    )


def _of_requests(data: NoteContext, each: FailedRequests) -> tuple[Phrase, ...]:
    where = _where(data, each)
    parts = {"said": each.of_requests if where else each.of_setting, "where": where}
    if each.requests is None:
        return (
            capital(phrase("{said} failed{where}; the files do not say of how many.", **parts)),
            capital(phrase("{said} failed{where}, and no file says of how many.", **parts)),
        )
    if each.failed == each.requests:
        return (
            capital(phrase("{said} failed{where}, so nothing in these records measures a model.", **parts)),
            capital(phrase("{said} failed{where}: there is nothing to learn from them.", **parts)),
        )
    return (
        capital(phrase("{said} failed{where}; a mean over the others does not show that.", **parts)),
        capital(phrase("{said} failed{where}, which a mean over the others does not show.", **parts)),
    )


def _where(data: NoteContext, each: FailedRequests) -> Phrase:
    """The setup of all failures, or else of most of them; empty if there is nothing to say."""
    most = each.setups[0]
    words = in_words(most.setup, data.said_of([each.model] if each.model else []))
    if not words:
        return ()
    if len(each.setups) == 1:
        return phrase(" {words}", words=words)
    if 2 * most.failed <= each.failed:
        return ()
    of = phrase(" of {m}", m=number(most.requests)) if most.requests else ()
    return phrase(", most of them {words} ({n}{of})", words=words, n=number(most.failed), of=of)
