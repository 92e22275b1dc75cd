"""What the measurement of a trial itself calls for, whatever the files say: advice and risks by code."""

from collections.abc import Iterator

from chimera_dagster.records.documents import Metrics
from chimera_dagster.render.blocks import Code, Inlines, inlines

_ENOUGH = 3  # rounds, for an interval that knows the host's drift


def trial_advice(metrics: Metrics, planned: int) -> Iterator[Inlines]:
    """What to do next with this trial, of so many planned rounds; at least one sentence."""
    if max(len(metrics.rounds), planned) < _ENOUGH:
        yield inlines("Set ", Code("rounds: 3"), " or more before you compare this trial with another.")
    else:
        yield inlines(
            "Compare this trial with the others of the sweep: ", Code("chimera compare"), " tests each difference."
        )
    if metrics.text_quality.verdict != "good":
        yield inlines("Try a larger model for the words of a report: this text is ", metrics.text_quality.verdict, ".")


def trial_risks(metrics: Metrics, planned: int) -> Iterator[tuple[Inlines, Inlines]]:
    """What could mislead the reader of this trial, and what to do about it; at least two rows."""
    if max(len(metrics.rounds), planned) < _ENOUGH:
        rounds = "One round" if len(metrics.rounds) == 1 else f"{len(metrics.rounds)} rounds"
        risk = f"{rounds} of calls measured this trial: another run may differ, and no interval says by how much."
        yield inlines(risk), inlines("Set ", Code("rounds: 3"), " or more.")
    untested = inlines("How good the model's answers are on a task with known answers was not measured.")
    yield untested, inlines("Test the models on your own task before you choose one by its speed.")
    host = ", ".join(gpu.name for gpu in metrics.environment.gpus) or metrics.environment.cpu
    risk = f"The speed of this trial is that of {metrics.engine.name} on {host}; elsewhere it is another."
    yield inlines(risk), inlines("Measure on the machine that you will use.")
