"""What of a data folder is damaged, each file with what to do about it; nothing is written."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.errors import DamagedFileError, InputError, NotIngestedError, UnknownTrialError
from chimera_dagster.ingest.snapshot import Snapshot
from chimera_dagster.records.documents import Concurrency, Failures, IngestRecord, Summary
from chimera_dagster.records.pages import check_page
from chimera_dagster.records.reading import read_document, read_file, read_footer
from chimera_dagster.records.store import COMPARED, INGEST_AGAIN, INGESTED, Store, TrialFolder
from chimera_dagster.records.trial_files import MEASURE_AGAIN, is_published, read_trial
from chimera_dagster.steps.evidence import is_evidence_of
from chimera_dagster.steps.sweep_comparison import csv_of, parse_comparison

_COMPARE_AGAIN = "Run 'chimera compare', which writes it again."
_PUBLISH_AGAIN = "Run 'chimera sweep', which writes it again."
_MEASURE_TOGETHER_AGAIN = "Run 'chimera concurrency', which writes it again."
_SENSOR = "Nothing needs to be done: Dagster's sensor reports_folder writes it again."
_MOVE_AWAY = "Move it away, then run 'chimera sweep'."
_PAGES = {".html", ".md", ".json", ".csv"}  # below runs, which are checked by themselves
_SAVE_AGAIN = "Save the baseline again with 'chimera compare --save-baseline'."


def damaged_files(store: Store) -> list[DamagedFileError]:
    """Every file below the data folder that can't be trusted."""
    problems: list[DamagedFileError] = [*_not_folders(store), *store.damaged_plans(with_specs=True).values()]
    for check in (*_of_trials(store), *_of_tables(store), *_of_pages(store)):
        try:
            check()
        except DamagedFileError as error:
            problems.append(error)
        except (FileNotFoundError, NotIngestedError, UnknownTrialError):
            pass  # it was not written yet
        except InputError as error:
            problems.append(DamagedFileError(error.message, hint=error.hint))
    return problems


Check = Callable[[], object]


def _not_folders(store: Store) -> Iterator[DamagedFileError]:
    """What is in the place of a folder, and so hides the files that were in it."""
    for folder in (store.data_dir, store.tables, store.runs):
        if os.path.lexists(folder) and not folder.is_dir():
            yield DamagedFileError(f"{folder} is not a folder.", hint=_MOVE_AWAY)
    for path in (*store.runs.glob("*"), *store.runs.glob("*/*")):
        if path.is_symlink() and not path.exists() and path.suffix not in _PAGES:
            yield DamagedFileError(f"{path} is a link that leads nowhere.", hint=_MOVE_AWAY)


def _of_trials(store: Store) -> Iterator[Check]:
    for folder, trial in store.trials_by_folder().items():
        yield lambda folder=folder, key=trial.key: read_trial(folder, key)
        yield lambda folder=folder: read_document(folder.failures, Failures, MEASURE_AGAIN)
        yield lambda folder=folder: _check_report(folder)


def _check_report(folder: TrialFolder) -> None:
    if any(map(os.path.lexists, (folder.report, folder.page, folder.published))) and not is_published(folder):
        raise DamagedFileError(
            f"The report in {folder.path} is damaged, or of another run than the metrics.json beside it.",
            hint=_PUBLISH_AGAIN,
        )


def _of_tables(store: Store) -> Iterator[Check]:
    yield lambda: store.read_json("ingest", IngestRecord)
    yield lambda: store.read_json("summary", Summary)
    yield lambda: read_document(store.tables / "snapshot.json", Snapshot, _SENSOR)
    if not store.has_json("summary"):
        return
    for name, schema in (INGESTED | COMPARED).items():
        fix = INGEST_AGAIN if name in INGESTED else _COMPARE_AGAIN
        path = store.table_path(name)
        if os.path.lexists(path):
            yield lambda path=path, schema=schema, fix=fix: (read_footer(path, schema, fix), _check_pages(path, fix))
        elif name in INGESTED:
            yield lambda path=path: _missing(path, INGEST_AGAIN)
    yield lambda: _check_origin(store)


def _check_pages(path: Path, fix: str) -> None:
    try:
        for _ in pq.ParquetFile(path, page_checksum_verification=True).iter_batches():
            pass
    except (OSError, pa.ArrowException) as error:
        raise DamagedFileError(f"{path} is damaged.", hint=fix) from error


def _check_origin(store: Store) -> None:
    summary = store.read_json("summary", Summary)
    try:
        is_of_it = is_evidence_of(store, summary.digest, summary.code)
    except DamagedFileError:
        return  # which is reported by itself
    if not is_of_it:
        raise DamagedFileError(f"The tables in {store.tables} were not all made by one ingest.", hint=INGEST_AGAIN)


def _of_pages(store: Store) -> Iterator[Check]:
    yield lambda: read_document(store.concurrency, Concurrency, _MEASURE_TOGETHER_AGAIN)
    for path, fix in ((store.comparison, _COMPARE_AGAIN), (store.baseline, _SAVE_AGAIN)):
        yield lambda path=path, fix=fix: _check_comparison(path, fix)
    pages = {
        store.brief: INGEST_AGAIN,
        store.brief.with_suffix(".html"): INGEST_AGAIN,
        store.index: _PUBLISH_AGAIN,
        store.index.with_suffix(".md"): _PUBLISH_AGAIN,
        store.concurrency.with_suffix(".md"): _MEASURE_TOGETHER_AGAIN,
    }
    for path, fix in pages.items():
        yield lambda path=path, fix=fix: check_page(path, fix)

    yield lambda: _check_csv(store)


def _check_comparison(path: Path, fix: str) -> Comparison:
    return parse_comparison(read_file(path, fix), str(path))


def _check_csv(store: Store) -> None:
    path = store.comparison.with_suffix(".csv")
    try:
        wanted = csv_of(_check_comparison(store.comparison, _COMPARE_AGAIN))
    except InputError:
        return  # which is reported by itself
    if read_file(path, _COMPARE_AGAIN) != wanted.encode():
        raise DamagedFileError(f"{path} is damaged, or of another comparison.", hint=_COMPARE_AGAIN)


def _missing(path: Path, fix: str) -> None:
    raise DamagedFileError(f"{path} is missing.", hint=fix)
