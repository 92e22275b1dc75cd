"""What a trial left on the disk: read back, computed again, judged, rendered. Nothing here asks a model anything."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, cast

import pandas as pd
from pydantic import ValidationError

from chimera_dagster.errors import UnknownTrialError
from chimera_dagster.measure.samples import Sample, from_frame
from chimera_dagster.measure.trial import Measured, measured
from chimera_dagster.render.html import to_html
from chimera_dagster.render.markdown_writer import blocks_to_markdown, to_markdown, without_links
from chimera_dagster.render.report import build_report
from chimera_dagster.render.words import Words
from chimera_dagster.results import Grounding, Metrics, Outcome
from chimera_dagster.store import Store, write_text
from chimera_dagster.sweep import TrialPlan
from chimera_dagster.trial import Trial
from chimera_dagster.write.answer import read_analysis, read_report
from chimera_dagster.write.quality import Quality
from chimera_dagster.write.quality import judge as judge_text


class Recorded(NamedTuple):
    """The documents and samples of one trial."""

    metrics: Metrics
    outcome: Outcome
    samples: list[Sample]


def read_recorded(store: Store, plan: TrialPlan) -> Recorded:
    """Everything that a trial left. Raises UnknownTrialError where it has not run, or another version wrote it."""
    folder = store.folder_of(plan.trial)
    try:
        return Recorded(
            Metrics.model_validate_json(folder.metrics.read_bytes()),
            Outcome.model_validate_json(folder.outcome.read_bytes()),
            from_frame(pd.read_parquet(folder.telemetry)),
        )
    except (FileNotFoundError, ValidationError) as error:
        why = "has not run" if isinstance(error, FileNotFoundError) else "was written by another version"
        raise UnknownTrialError(f"The trial {plan.trial.key} {why}.", hint="Run 'chimera sweep'.") from error


def read_metrics(store: Store, trial: Trial) -> Metrics | None:
    """A trial's metrics.json; None where it has not run, or another version wrote it, so that it has to run again."""
    try:
        return Metrics.model_validate_json(store.folder_of(trial).metrics.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def measure(outcome: Outcome, samples: Sequence[Sample]) -> Measured:
    """Every metric and verdict of a trial, computed from what it recorded."""
    return measured(outcome.calls, samples, outcome.warm_up_load_ms, outcome.asked)


class Difference(NamedTuple):
    """A figure of metrics.json that is another one when computed again."""

    name: str
    stored: object
    computed: object


def recompute(store: Store, plan: TrialPlan, *, write: bool = False) -> tuple[int, list[Difference]]:
    """Compute a trial's metrics and verdicts again from what it recorded.

    Returns how many figures there are, and those that differ from the stored ones; with `write` the computed ones
    replace them. Raises UnknownTrialError.
    """
    metrics, outcome, samples = read_recorded(store, plan)
    again = measure(outcome, samples)
    stored, computed = (_figures(each.model_dump(include=set(Measured.model_fields))) for each in (metrics, again))
    names = list(dict.fromkeys([*stored, *computed]))
    found = [Difference(name, stored.get(name), computed.get(name)) for name in names]
    if write:
        document = metrics.model_copy(update=dict(again)).model_dump_json(indent=2)
        write_text(store.folder_of(plan.trial).metrics, f"{document}\n")
    return len(names), [each for each in found if each.stored != each.computed]


def _figures(value: object, name: str = "") -> dict[str, object]:
    """Every leaf of a document by its path: `calls.0.ttft_ms`."""
    if isinstance(value, dict):
        children = cast("dict[str, object]", value).items()
    elif isinstance(value, list):
        children = ((str(place), each) for place, each in enumerate(cast("list[object]", value)))
    else:
        return {name: value}
    return {path: leaf for key, each in children for path, leaf in _figures(each, f"{name}.{key}".lstrip(".")).items()}


def grounding_of(outcome: Outcome) -> Grounding:
    """What checking the trial's two texts against the evidence said."""
    texts = (outcome.analysis, outcome.report)
    return Grounding(
        policy=outcome.report.policy,
        claims=dict(Counter(claim.verdict for text in texts for each in text.checked for claim in each.claims)),
        statements=dict(Counter(each.verdict for text in texts for each in text.checked)),
        withheld=sum(bool(text.withheld(each)) for text in texts for each in text.checked),
    )


def quality_of(outcome: Outcome) -> Quality:
    """How good the report's text is, by its form and by what checking it said; what says nothing is no part of it."""
    report = outcome.report
    void = {each.text for each in report.checked if each.verdict == "void"}
    verdicts = Counter(each.verdict for each in report.checked)
    cut = next(call for call in outcome.calls if call.stage == "report").stats.done_reason == "length"
    return judge_text(
        read_report(report.text).without(void),
        [fact.id for fact in outcome.facts[: report.facts]],
        supported=verdicts["supported"],
        contradicted=verdicts["contradicted"],
        unsupported=verdicts["unsupported"],
        not_checkable=verdicts["not checkable"],
        cut=cut,
    )


def readable_texts(outcome: Outcome) -> dict[str, str]:
    """The statements of a trial's two texts that stand, as Markdown, by the asset that holds them."""
    texts = {"llm_analysis": (outcome.analysis, read_analysis), "llm_report": (outcome.report, read_report)}
    return {
        asset: without_links(blocks_to_markdown([Words(outcome, written).items(read(written.text).statements)]))
        for asset, (written, read) in texts.items()
    }


def render_trial(store: Store, plan: TrialPlan) -> tuple[Path, Outcome]:
    """Write a trial's report.html and report.md; returns the path of the latter, and the outcome that it shows.

    Raises UnknownTrialError.
    """
    folder, recorded = store.folder_of(plan.trial), read_recorded(store, plan)
    page = build_report(plan, *recorded, folder.path)
    write_text(folder.page, to_html(page))
    return write_text(folder.report, to_markdown(page)), recorded.outcome
