"""`chimera compare`: all trials beside each other, and against a baseline."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from chimera_dagster.cli.options import AsJson

if TYPE_CHECKING:
    from chimera_dagster.compare.comparison import Comparison
    from chimera_dagster.compare.regression import Regression
    from chimera_dagster.records.store import Store


def compare(
    baseline: Annotated[
        str | None, typer.Option(help="Saved comparison, or a git ref that has one.  [default: baseline.json]")
    ] = None,
    fail_on: Annotated[Literal["worse"] | None, typer.Option(help="Exit with 1 where a metric is worse.")] = None,
    save: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Keep this comparison as a file, to compare with later.")
    ] = None,
    save_baseline: Annotated[
        bool, typer.Option("--save-baseline", help="Hold later comparisons against this one.")
    ] = False,
    top: Annotated[int, typer.Option(min=1, help="Rows of a table to print; --json has all.")] = 50,
    spec: Annotated[
        Path | None, typer.Option(exists=True, help="Sweep file.  [default: $CHIMERA_SPEC or sweep.yaml]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rank all trials, name the effects of parameters, recommend one; with a baseline, say what is better or worse."""
    from chimera_dagster.compare.regression import regress
    from chimera_dagster.errors import InputError
    from chimera_dagster.records.store import Store, write_text
    from chimera_dagster.settings import load_settings
    from chimera_dagster.steps.sweep_comparison import goals_of, read_baseline, read_comparison, write_comparison

    settings = load_settings(spec=spec)
    store = Store(settings.data_dir)
    now = read_comparison(store, goals_of(settings.spec))
    before = read_baseline(store, baseline)
    if fail_on and before is None:
        raise InputError(
            "There is no baseline to compare with.", hint="Save one with 'chimera compare --save-baseline'."
        )
    found = regress(before[1], now, before[0]) if before else None
    write_comparison(store, now)
    for path in (save, store.baseline if save_baseline else None):
        if path is not None:
            write_text(path, now.model_dump_json(indent=1) + "\n")
            typer.echo(f"Saved as {path}.", err=True)
    if as_json:
        typer.echo((found or now).model_dump_json(indent=2))
    elif found is not None:
        _print_changes(found, top)
    else:
        _print(now, store, top)
    if fail_on and found is not None:
        if not any(change.p is not None for change in found.changes):
            raise InputError(
                f"Nothing could be tested against {found.baseline}.",
                hint="That takes a trial that is valid on both sides, with 3 repeats or more.",
            )
        if found.count("worse"):
            raise typer.Exit(1)


def _print(now: "Comparison", store: "Store", top: int) -> None:
    from chimera_dagster.cli.tables import print_table
    from chimera_dagster.compare.metrics import METRICS
    from chimera_dagster.render.index.cells import (
        candidate_words,
        drift_words,
        effect_words,
        level_words,
        shown_metrics,
        spoiled_rows,
        standing_cells,
    )
    from chimera_dagster.render.index.order import order_of
    from chimera_dagster.steps.sweep_comparison import counts

    said = ", ".join(f"{count} {kind}" for kind, count in counts(now.trials).items() if count) or "none"
    typer.echo(f"Trials: {said}.")
    metrics = shown_metrics(now)
    if trials := order_of(now).trials:
        columns = ["model", "parameters", *(f"{metric.name}{' (rank)' * metric.by_round}" for metric in metrics)]
        cells: list[list[str]] = []
        for trial in trials[:top]:
            pairs = [(metric, *standing_cells(now, trial, metric)) for metric in metrics]
            told = [f"{mean.text} ({rank.text})" if metric.by_round else mean.text for metric, mean, rank in pairs]
            cells.append([trial.model, trial.params.key, *told])
        print_table("Valid trials; equal ranks can't be told apart", columns, cells, numeric=set(columns[2:]))
        _print_more(len(trials) - top)
    if apart := spoiled_rows(now.trials):
        rows = [[trial.model, trial.params.key, why] for trial, why in apart[:top]]
        print_table("Not ranked", ("model", "parameters", "why"), rows, numeric=set())
        _print_more(len(apart) - top)
    for line in drift_words(now):
        typer.echo(line)
    for effect in sorted(now.effects, key=lambda each: (not each.detected, each.p)):
        if effect.interaction is None or effect.detected:
            typer.echo(f"- {effect_words(effect)}")
            if effect.detected and effect.interaction is None:
                typer.echo(f"    {'; '.join(level_words(METRICS[effect.metric], effect))}")
    answer = now.recommendation
    if answer.best is None:
        typer.echo(f"No recommendation. {answer.why}")
    else:
        typer.echo(f"Recommended: {answer.best.trial}. {answer.why}")
        for each in answer.runners_up:
            typer.echo(f"  next: {each.trial} ({candidate_words(each)})")
        for line in answer.would_change:
            typer.echo(f"  {line}")
    typer.echo(f"Kept in {store.comparison}, .csv, and the tables trials, standings and effects.", err=True)


def _print_changes(found: "Regression", top: int) -> None:
    from chimera_dagster.cli.tables import print_table
    from chimera_dagster.render.index.cells import change_row, regression_words

    columns = ("trial", "metric", "before", "now", "change", "test", "verdict")
    changes = sorted(found.changes, key=lambda change: change.verdict not in ("better", "worse"))  # those first
    if changes:
        rows = [change_row(change) for change in changes[:top]]
        print_table(f"Against {found.baseline}", columns, rows, numeric={"before", "now", "change"})
        _print_more(len(changes) - top)
    for change in found.environment:
        typer.echo(f"changed too: {change.name}: {change.before} -> {change.after} ({change.trials} trials)")
    for trial, why in list(found.apart.items())[:top]:
        typer.echo(f"not compared: {trial}: {why}")
    _print_more(len(found.apart) - top)
    typer.echo(regression_words(found))


def _print_more(rows: int) -> None:
    if rows > 0:
        typer.echo(f"and {rows} more: --top has as many as asked for, --json all.")
