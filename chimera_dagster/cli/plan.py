"""`chimera sweep --plan` and `--detect`: what a sweep takes and what it will show, before anything runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chimera_dagster.cli.terminal import say, write_json
from chimera_dagster.errors import SpecError
from chimera_dagster.measure.validity import LOADED_MS
from chimera_dagster.records.store import Store
from chimera_dagster.records.trial_files import read_metrics
from chimera_dagster.render.index.cells import counted
from chimera_dagster.spec.goals import Goals
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.text.foreign import shown

if TYPE_CHECKING:
    from chimera_dagster.sweeps.plan import Estimate, Plan


def detected_share(text: str) -> float:
    """`5%` or `0.05` as 0.05. Raises SpecError."""
    number = text.strip()
    try:
        value = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise SpecError(
            f"--detect {shown(text)}: it must be a share between 0 and 100 %.", hint="Write it as --detect 5%."
        )
    return value


def print_plan(
    store: Store, plans: Sequence[TrialPlan], to_run: Sequence[TrialPlan], detect: str | None, *, as_json: bool
) -> None:
    """Print what the sweep takes and shows as the sweep file has it, or as it should be to find `detect`."""
    from chimera_dagster.steps.sweep_comparison import read_comparison  # imports scipy
    from chimera_dagster.sweeps.plan import design_of, known_from, plan, propose

    share = None if detect is None else detected_share(detect)
    comparison = read_comparison(store, Goals()) if store.runs.exists() else None
    known = known_from(comparison, _loads(store, plans))
    found = plan(plans, to_run, known, design_of(plans)) if share is None else propose(plans, to_run, known, share)
    if as_json:
        write_json("null" if found is None else found.model_dump_json(indent=2))
    elif found is None:
        say(f"No number of rounds up to 60 shows a difference of {share:.1%}: the trials scatter too much.")
    else:
        say(*plan_lines(found, proposed=share))


def plan_lines(found: "Plan", proposed: float | None = None) -> list[str]:
    """The sentences of a plan; `proposed` is the share that it was made to find."""
    lines = [] if proposed is None else [f"To find a trial that is {proposed:.1%} slower: {_visits(found)}."]
    lines += [
        f"{counted(found.trials, 'trial')}, {found.to_run} to run, {_visits(found)}: {counted(found.calls, 'call')}, "
        f"{counted(found.loads, 'load')}, about {_minutes(found.minutes)}.",
        f"A call takes {found.call_s.value:.1f} s ({_source(found.call_s)}), a load {found.load_s.value:.1f} s "
        f"({_source(found.load_s)}).",
        f"Throughput scatters by {found.scatter.value:.1%} between repeats ({_source(found.scatter)}) and by "
        f"{found.drift.value:.1%} between visits ({_source(found.drift)}).",
    ]
    if found.slowest is None or found.pair is None:
        lines.append("It will show no difference: a test needs at least two trials, and more repeats or rounds.")
    else:
        steady = "If the host does not drift: with" if found.rounds == 1 else "With"
        lines.append(
            f"{steady} 80 % power it shows one trial that is {found.slowest:.1%} slower than all others, and a "
            f"difference of {found.pair:.1%} between two given trials."
        )
    if found.rounds == 1:
        lines.append(
            "One round can't tell a difference between trials from the drift of the host between their visits."
        )
    return lines


def _loads(store: Store, plans: Sequence[TrialPlan]) -> dict[str, list[float]]:
    """Seconds that loading each model took in the trials of this sweep that were measured."""
    found: dict[str, list[float]] = {}
    for plan in plans:
        metrics = read_metrics(store, plan.trial)
        if metrics is not None and (metrics.headline.load_ms or 0.0) > LOADED_MS:
            found.setdefault(plan.model, []).append((metrics.headline.load_ms or 0.0) / 1e3)
    return found


def _visits(found: "Plan") -> str:
    return f"{counted(found.rounds, 'round')} of {counted(found.repeats, 'repeat')}"


def _source(estimate: "Estimate") -> str:
    return f"from {counted(estimate.trials, 'earlier trial')}" if estimate.trials else "a guess"


def _minutes(minutes: float) -> str:
    return f"{minutes * 60:.0f} s" if minutes < 1 else f"{minutes:.0f} min"
