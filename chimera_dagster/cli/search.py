"""`chimera search`: proposes one trial after another, each based on what the trials before it measured."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from chimera_dagster.cli.options import AsJson, Engine, Models, Reports, Spec
from chimera_dagster.cli.sweep import chosen
from chimera_dagster.cli.tables import print_table
from chimera_dagster.cli.terminal import say, write_json
from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.recommend import Recommendation
from chimera_dagster.errors import LeaseError
from chimera_dagster.gpu.leases import claim, leases_folder
from chimera_dagster.records.sqlite_files import SEARCH, problem_of, set_aside_database
from chimera_dagster.records.store import Store
from chimera_dagster.render.index.cells import figure, goals_words
from chimera_dagster.settings import load_settings
from chimera_dagster.spec.sweep import load_spec
from chimera_dagster.steps.ingest import data_digest
from chimera_dagster.steps.sweep_comparison import load_comparison

if TYPE_CHECKING:
    from chimera_dagster.sweeps.search import Search


def search(
    trials: Annotated[int, typer.Option(min=1, help="Total number of proposals, including those of a resumed search.")],
    sampler: Annotated[Literal["tpe", "random"], typer.Option(help="Optuna sampler.")] = "tpe",
    plateau: Annotated[
        int | None, typer.Option(min=1, help="Stop after this many proposals in a row that miss the Pareto front.")
    ] = None,
    spec: Spec = None,
    reports: Reports = None,
    models: Models = None,
    engine: Engine = None,
    daemon: Annotated[
        bool,
        typer.Option("--daemon", help="Let the daemon of 'chimera ui' run the trials, one backfill for each round."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search the parameter ranges of the sweep file for the best trials.

    The goals of the sweep file say what is best. A search that was interrupted continues where it stopped.
    """
    from chimera_dagster.cli.progress import open_sweep  # Dagster and Optuna, which take seconds to import
    from chimera_dagster.sweeps.search import Search

    settings = load_settings(reports_dir=reports, spec=spec)
    sweep_spec = chosen(load_spec(settings.spec), models, engine)
    store = Store(settings.data_dir)
    digest = data_digest(store, settings.reports)
    study = settings.dagster_home / SEARCH.name
    with claim(f"search|{study.resolve()}", leases_folder(settings.leases_dir), wait=False) as alone:
        if not alone:
            raise LeaseError("Another search is running in this data folder.", hint="Wait until it ends, or stop it.")
        if problem := problem_of(study, SEARCH.table, thorough=True):
            say(
                f"warning: {study} is damaged ({problem}). It was set aside as {set_aside_database(study).name}: "
                "this search learns from the trials' files alone.",
                err=True,
            )
        with open_sweep(settings, store, digest) as session:
            found = Search(
                study,
                sweep_spec,
                store,
                digest,
                budget=trials,
                sampler=sampler,
                plateau=plateau,
                on_propose=lambda plan: session.register([plan]),
            )
            say(
                f"At most {found.left} proposals to run; {found.learned} trials measured before are used too.",
                err=True,
            )
            outcomes = session.in_rounds(found) if daemon else session.on_lanes(found, sweep_spec.engine)
    failed = {key: outcome.reason for key, outcome in outcomes.items() if outcome.status == "failed"}
    _print(found, failed, load_comparison(store).recommendation, as_json)
    say(f"All trial reports on one page: {store.index}", err=True)
    if failed:
        raise typer.Exit(1)


def _print(found: "Search", failed: Mapping[str, str | None], recommendation: Recommendation, as_json: bool) -> None:
    best = recommendation.best.trial if recommendation.best else None
    if as_json:
        proposals = [
            {"model": model, "params": params.key, **params.model_dump(), "values": values, "on_front": on_front}
            for (model, params), values, on_front in found.tried()
        ]
        document = {"ended": found.why_ended(), "proposals": proposals, "failed": failed, "recommended": best}
        write_json(json.dumps(document, indent=2))
        return
    metrics = [METRICS[name] for name in found.objectives]
    columns = ("model", "parameters", *(f"{metric.name} {metric.unit}".strip() for metric in metrics), "")
    rows = [
        [
            model,
            str(params),
            *(figure(metric, values.get(metric.name)) for metric in metrics),
            "Pareto front" if on_front else "" if values else "not valid",
        ]
        for (model, params), values, on_front in found.tried()
    ]
    print_table("Proposals, in their order", columns, rows, numeric=set(columns[2:-1]))
    for key, reason in failed.items():
        say(f"failed: {key}: {reason}")
    say(f"Ended: {found.why_ended()}.")
    by = f"by {goals_words(recommendation)}"
    say(f"{f'Recommended of all trials, {by}: {best}.' if best else 'No recommendation.'} {recommendation.why}")
