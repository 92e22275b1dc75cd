"""Runs that failed, trials that are not valid, and files that repeat others."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from chimera_dagster.evidence.findings.finding import WHOLE_FILE, Figures, Finding, listed
from chimera_dagster.evidence.findings.finding_context import FindingContext
from chimera_dagster.schemas import FAILED, NOT_VALID


class FailedRuns(NamedTuple):
    """Records of a file that say that their run failed; `failed` of the file's `runs` did."""

    file: str
    records: list[str]
    failed: int
    runs: int

    @property
    def whole(self) -> bool:
        """Whether none of the runs worked."""
        return self.failed == self.runs


class Repeats(NamedTuple):
    """Files with the bytes of `original`, or with its runs in another form."""

    original: str
    copies: list[str]
    same_bytes: bool


def failed_runs_of_files(data: FindingContext) -> Iterator[Finding]:
    """Per file, how many of its runs report a failure; every sibling of a failed record counts as a run.

    So runs are the rows of a table, the elements of a JSON list, or the members of the object that holds the failed.
    """
    table = data.table
    failed = table[(table["metric"] == FAILED).to_numpy()]
    files = failed["file"].astype("str").unique()
    rows = table[table["file"].isin(files).to_numpy()][["file", "record"]].drop_duplicates()
    records_of = {str(name): list(group["record"].astype("str")) for name, group in rows.groupby("file", observed=True)}
    for file, group in failed.groupby("file", observed=True):
        yield _failures(str(file), list(dict.fromkeys(group["record"].astype("str"))), records_of[str(file)])


def _failures(file: str, failed: list[str], records: list[str]) -> Finding:
    parents = {_parent(record) for record in failed}
    runs = {run for record in records if (run := _run(record, parents)) is not None}
    broken = {run for record in failed if (run := _run(record, parents)) is not None}
    figures = Figures()
    if broken == runs:
        text = (
            f"Every run in {file} failed ({figures.say('failed', len(broken))} of {figures.say('runs', len(runs))}): "
            f"its numbers are not measurements, and say nothing about a model."
        )
        severity = "warning"
    else:
        text = f"{figures.say('failed', len(broken))} of {figures.count('runs', len(runs), 'run')} in {file} failed."
        severity = "notice"
    sources = [(file, record) for record in failed]
    share = len(broken) / len(runs)
    about = FailedRuns(file, failed, len(broken), len(runs))
    return Finding(
        "failed_runs_of_files",
        severity,
        file,
        text,
        figures,
        len(runs),
        sources,
        importance=30 + share,
        about=about,
    )


def _parent(record: str) -> str:
    """What holds a record's run: `row` of `row 3`, `/results` of `/results/3` and of `/results/3/timing`."""
    if not record.startswith("/"):
        return record.rsplit(" ", 1)[0]
    parts = record.split("/")
    last = max((place for place, part in enumerate(parts) if part.isdigit()), default=0)
    if last:
        return "/".join(parts[:last])
    return "/".join(parts[:2]) if len(parts) > 2 else ""


def _run(record: str, parents: set[str]) -> str | None:
    """The member of one of `parents` that a record lies in."""
    if not record.startswith("/"):
        return record if record.rsplit(" ", 1)[0] in parents else None
    parts = record.split("/")
    for depth in range(1, len(parts)):
        if "/".join(parts[:depth]) in parents:
            return "/".join(parts[: depth + 1])
    return None


def trials_not_valid(data: FindingContext) -> Iterator[Finding]:
    """One finding that names this project's own trials that no statistic may use, and what spoils each.

    The file's `reason` has the verdicts' names first, then the evidence of each.
    """
    files = data.files[(data.files["status"] == NOT_VALID).to_numpy()]
    if files.empty:
        return
    figures = Figures()
    names = [
        f"{path} ({str(reason).partition(':')[0]})" for path, reason in zip(files["path"], files["reason"], strict=True)
    ]
    one = len(names) == 1
    text = (
        f"{figures.count('trials', len(names), 'trial')} among the files {'is' if one else 'are'} not valid by "
        f"{'its' if one else 'their'} own verdict, so no statistic holds a figure of {'it' if one else 'them'}: "
        f"{listed(names)}."
    )
    sources = [(str(path), "/validity") for path in files["path"]]
    yield Finding("trials_not_valid", "notice", "validity", text, figures, len(names), sources, float(len(names)))


def repeated_files(data: FindingContext) -> Iterator[Finding]:
    """Files with the bytes of another, and files that hold another's runs in another form; one finding an original."""
    copies = data.files[data.files["status"] == "duplicate_of"]
    pairs = zip(copies["reason"].astype("str"), copies["path"].astype("str"), strict=True)
    yield from _repeats(list(pairs), "duplicate_files", "holds the same bytes as", "hold the same bytes as", "info")
    duplicates = sorted((original, copy) for copy, original in data.duplicates.items())
    yield from _repeats(duplicates, "duplicate_runs", "holds the same runs as", "hold the same runs as", "notice")


def _repeats(pairs: list[tuple[str, str]], detector: str, one: str, many: str, severity: str) -> Iterator[Finding]:
    frame = pd.DataFrame(pairs, columns=["original", "copy"])
    for original, group in frame.groupby("original"):
        names, figures = sorted(group["copy"]), Figures()
        text = f"{listed(names, 5)} {one if len(names) == 1 else many} {original}; the runs are counted once."
        sources = [(str(original), WHOLE_FILE), *((name, WHOLE_FILE) for name in names)]
        about = Repeats(str(original), names, same_bytes=detector == "duplicate_files")
        importance = float(len(names))
        yield Finding(detector, severity, str(original), text, figures, len(sources), sources, importance, about=about)
