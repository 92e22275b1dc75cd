"""Computes a trial's metrics and verdicts again from what it recorded."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from chimera_dagster.measure.measured import Measured, measured
from chimera_dagster.measure.samples import Sample
from chimera_dagster.quiz.score import Accuracy, accuracy_of
from chimera_dagster.records.documents import Outcome
from chimera_dagster.records.store import Store, write_text
from chimera_dagster.records.trial_files import read_recorded
from chimera_dagster.spec.sweep import TrialPlan


def measure(outcome: Outcome, samples: Sequence[Sample]) -> Measured:
    """Every metric and verdict of a trial, computed from what it recorded."""
    return measured(outcome.calls, samples, outcome.warm_up_load_ms, outcome.asked)


class Difference(NamedTuple):
    """A figure of metrics.json that differs when it is computed again."""

    name: str
    stored: object
    computed: object


def recompute(store: Store, plan: TrialPlan, *, write: bool = False) -> tuple[int, list[Difference]]:
    """Compute a trial's metrics, verdicts and accuracy again; returns the number of figures and those that differ.

    With `write` the computed figures replace the stored ones. Raises UnknownTrialError, DamagedFileError.
    """
    metrics, outcome, samples = read_recorded(store, plan)
    again, accuracy = measure(outcome, samples), accuracy_of(outcome.answers)
    stored, computed = _all_figures(metrics, metrics.accuracy), _all_figures(again, accuracy)
    names = list(dict.fromkeys([*stored, *computed]))
    found = [Difference(name, stored.get(name), computed.get(name)) for name in names]
    if write:
        document = metrics.model_copy(update=dict(again) | {"accuracy": accuracy}).model_dump_json(indent=2)
        write_text(store.folder_of(plan.trial).metrics, f"{document}\n")
    return len(names), [figure for figure in found if figure.stored != figure.computed]


def _all_figures(found: Measured, accuracy: Accuracy | None) -> dict[str, object]:
    document = found.model_dump(include=set(Measured.model_fields))
    return _figures(document if accuracy is None else document | {"accuracy": accuracy.model_dump()})


def _figures(value: object, name: str = "") -> dict[str, object]:
    """Every leaf of a document by its path: `calls.0.ttft_ms`."""
    if isinstance(value, dict):
        children = cast("dict[str, object]", value).items()
    elif isinstance(value, list):
        children = ((str(place), item) for place, item in enumerate(cast("list[object]", value)))
    else:
        return {name: value}
    return {path: leaf for key, item in children for path, leaf in _figures(item, f"{name}.{key}".lstrip(".")).items()}
