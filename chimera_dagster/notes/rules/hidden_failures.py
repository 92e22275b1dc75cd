"""The risk of means over the runs that worked."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.failures import FailedRuns
from chimera_dagster.evidence.findings.summaries import LeftOut
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.failed_requests import failed_requests
from chimera_dagster.notes.naming import files_in_words
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import capital, count, listed, number, phrase
from chimera_dagster.notes.rules.failures import MANY

_WEIGHT = 100.0
_MOST = 3  # models


def hidden_failures(data: NoteContext) -> Iterator[Note]:
    """A note of summaries that leave runs out without saying so, else of files in which some runs failed; and one of
    the requests of load tests.
    """
    yield from _of_runs(data)
    found = [each for each in failed_requests(data) if each.share >= MANY]
    if found:
        said = listed([each.of_setting for each in found[:_MOST]])
        more = phrase(", and some of {n}", n=count(len(found) - _MOST, "other model")) if found[_MOST:] else ()
        parts = {"said": said, "more": more}
        yield risk(
            "hidden_failures",
            _WEIGHT - 5,
            (
                capital(phrase("{said}{more} failed, and a speed of the others does not show that.", **parts)),
                phrase("A speed of the requests that worked may look too good: {said}{more} failed.", **parts),
            ),
            phrase("State the share of failed requests beside every figure."),
            Basis(
                Scope(
                    tuple(sorted(each.model for each in found if each.model)),
                    n=sum(each.requests or 0 for each in found),
                    files=len({file for each in found for file, _ in each.sources}),
                ),
                [source for each in found for source in each.sources],
            ),
        )


def _of_runs(data: NoteContext) -> Iterator[Note]:
    left_out = list(data.found("wrong_summaries", LeftOut))
    if left_out:
        files = sorted(each.about.file for each in left_out)
        missing, total = (sum(getattr(each.about, name) for each in left_out) for name in ("left_out", "total"))
        parts = {
            "names": files_in_words(files),
            "n": phrase("{n} of {m}", n=number(missing), m=count(total, "run")),
        }
        leave = "leaves" if len(files) == 1 else "leave"
        yield risk(
            "hidden_failures",
            _WEIGHT,
            (
                phrase(
                    f"{{names}} {leave} out {{n}} without saying so, so the summary may look too good.",
                    **parts,
                ),
                phrase(f"A summary that leaves out runs may look too good: {{names}} {leave} out {{n}}.", **parts),
            ),
            phrase("State failures beside every mean, and use the runs instead of the summary."),
            Basis(
                Scope(n=total, files=len(files)),
                [source for each in left_out for source in each.finding.sources],
                tuple(each.id for each in left_out),
            ),
        )
        return
    found = [each for each in data.found("failed_runs_of_files", FailedRuns) if each.about.failed < each.about.runs]
    if found:
        failed, total = sum(each.about.failed for each in found), sum(each.about.runs for each in found)
        parts = {"n": phrase("{n} of {m}", n=number(failed), m=count(total, "run")), "files": count(len(found), "file")}
        yield risk(
            "hidden_failures",
            _WEIGHT - 10,
            (
                phrase("Means are over the runs that worked: {n} in {files} failed.", **parts),
                phrase("{n} in {files} failed, and a mean over the others does not show that.", **parts),
            ),
            phrase("State the share of failed runs beside every mean."),
            Basis(
                Scope(n=total, files=len(found)),
                [source for each in found for source in each.finding.sources],
                tuple(each.id for each in found),
            ),
        )
