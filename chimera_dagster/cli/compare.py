"""`chimera compare`: all trials compared with each other, and with a baseline."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from chimera_dagster.cli.options import AsJson, to_write
from chimera_dagster.cli.tables import print_table
from chimera_dagster.cli.terminal import say, write_json
from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.regression import Regression, regress
from chimera_dagster.errors import InputError
from chimera_dagster.records.store import Store, write_text
from chimera_dagster.render.index.cells import (
    candidate_words,
    change_row,
    drift_words,
    effect_words,
    goals_listed,
    goals_words,
    level_words,
    regression_words,
    shown_metrics,
    spoiled_rows,
    standing_cells,
)
from chimera_dagster.render.index.order import order_of
from chimera_dagster.settings import load_settings
from chimera_dagster.steps.sweep_comparison import counts, goals_of, read_baseline, read_comparison, write_comparison


def compare(
    baseline: Annotated[
        str | None,
        typer.Option(
            help="A saved comparison, or a git ref that has one.", show_default="baseline.json in the data folder"
        ),
    ] = None,
    fail_on: Annotated[
        Literal["worse"] | None, typer.Option(help="Exit with 1 if a metric is worse than the baseline.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Save this comparison to a file, to compare with later.", callback=to_write)
    ] = None,
    save_baseline: Annotated[
        bool, typer.Option("--save-baseline", help="Make this the baseline of later comparisons.")
    ] = False,
    top: Annotated[int, typer.Option(min=1, help="Print at most this many rows of a table; --json prints all.")] = 50,
    spec: Annotated[
        Path | None, typer.Option(exists=True, help="Sweep file.", show_default="$CHIMERA_SPEC or sweep.yaml")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rank all trials and recommend one; compare them with a baseline.

    Also lists parameter effects and, with a baseline, says what is better or worse.
    """
    settings = load_settings(spec=spec)
    store = Store(settings.data_dir)
    for error in store.damaged_plans().values():
        say(f"left out: {error}", err=True)
    now = read_comparison(store, goals_of(settings.spec))
    before = _baseline(store, baseline, required=fail_on is not None)
    if fail_on and before is None:
        raise InputError(
            "There is no baseline to compare with.", hint="Save one with 'chimera compare --save-baseline'."
        )
    regression = regress(before[1], now, before[0]) if before else None
    write_comparison(store, now)
    for path in (save, store.baseline if save_baseline else None):
        if path is not None:
            write_text(path.resolve(), now.model_dump_json(indent=1) + "\n")
            say(f"Saved as {path}.", err=True)
    if as_json:
        write_json((regression or now).model_dump_json(indent=2))
    elif regression is not None:
        _print_changes(regression, top)
    else:
        _print(now, store, top)
    if fail_on and regression is not None:
        if not any(change.p is not None for change in regression.changes):
            raise InputError(
                f"Nothing could be tested against {regression.baseline}.",
                hint="A test needs trials that are valid on both sides, in sweeps of 3 rounds or more.",
            )
        if regression.count("worse"):
            raise typer.Exit(1)


def _baseline(store: Store, named: str | None, *, required: bool) -> tuple[str, Comparison] | None:
    """`read_baseline`; None, with a line that says why, if the saved one can't be read and nobody asked for it."""
    try:
        return read_baseline(store, named)
    except InputError as error:
        if named is not None or required:
            raise
        say(f"not compared with a baseline: {error}", err=True)
        return None


def _print(now: Comparison, store: Store, top: int) -> None:
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts(now.trials).items() if count) or "none"
    say(f"Trials: {kinds}.")
    _print_ranks(now, top)
    if apart := spoiled_rows(now.trials):
        rows = [[trial.model, trial.params.key, why] for trial, why in apart[:top]]
        print_table("Not ranked", ("model", "parameters", "why"), rows, numeric=set())
        _print_more(len(apart) - top)
    for line in drift_words(now):
        say(line)
    for effect in sorted(now.effects, key=lambda effect: (not effect.detected, effect.p)):
        if effect.interaction is None or effect.detected:
            say(f"- {effect_words(effect)}")
            if effect.detected and effect.interaction is None:
                say(f"    {'; '.join(level_words(METRICS[effect.metric], effect))}")
    recommendation = now.recommendation
    if recommendation.best is None:
        say(f"No recommendation. {recommendation.why}")
    else:
        say(f"Recommended: {recommendation.best.trial}. {recommendation.why}")
        say(f"  by {goals_words(recommendation)}: {goals_listed(recommendation.goals)}")
        for candidate in recommendation.runners_up:
            say(f"  next: {candidate.trial} ({candidate_words(candidate)})")
        for line in recommendation.would_change:
            say(f"  {line}")
    say(f"Saved as {store.comparison}, .csv, and the tables trials, standings and effects.", err=True)


def _print_ranks(now: Comparison, top: int) -> None:
    trials, metrics = order_of(now).trials, shown_metrics(now)
    if not trials:
        return
    columns = ["model", "parameters", *(f"{metric.name}{' (rank)' * metric.by_round}" for metric in metrics)]
    rows: list[list[str]] = []
    for trial in trials[:top]:
        standings = [(metric, *standing_cells(now, trial, metric)) for metric in metrics]
        cells = [f"{mean.text} ({rank.text})" if metric.by_round else mean.text for metric, mean, rank in standings]
        rows.append([trial.model, trial.params.key, *cells])
    print_table("Valid trials; trials of equal rank are not distinguishable", columns, rows, numeric=set(columns[2:]))
    _print_more(len(trials) - top)


def _print_changes(regression: Regression, top: int) -> None:
    columns = ("trial", "metric", "before", "now", "change", "test", "verdict")
    changes = sorted(regression.changes, key=lambda change: change.verdict not in ("better", "worse"))  # those first
    if changes:
        rows = [change_row(change) for change in changes[:top]]
        print_table(f"Against {regression.baseline}", columns, rows, numeric={"before", "now", "change"})
        _print_more(len(changes) - top)
    for change in regression.environment:
        say(f"changed too: {change.name}: {change.before} -> {change.after} ({change.trials} trials)")
    for trial, why in list(regression.apart.items())[:top]:
        say(f"not compared: {trial}: {why}")
    _print_more(len(regression.apart) - top)
    say(regression_words(regression))


def _print_more(rows: int) -> None:
    if rows > 0:
        say(f"and {rows} more: --top raises the limit, --json prints all.")
