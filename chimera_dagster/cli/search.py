"""`chimera search`: proposes trials one after the other, each from what the ones before it measured."""

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from chimera_dagster.cli.options import AsJson, Engine, Models, Reports, Spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chimera_dagster.compare.recommend import Recommendation
    from chimera_dagster.sweeps.search import Search


def search(
    trials: Annotated[int, typer.Option(min=1, help="Proposals to measure, those of an earlier search included.")],
    sampler: Annotated[Literal["tpe", "random"], typer.Option(help="Optuna's sampler.")] = "tpe",
    plateau: Annotated[
        int | None, typer.Option(min=1, help="End once that many in a row are none that no other beats.")
    ] = None,
    spec: Spec = None,
    reports: Reports = None,
    models: Models = None,
    engine: Engine = None,
    daemon: Annotated[
        bool, typer.Option("--daemon", help="Have the daemon of 'chimera ui' run them, a backfill for each round.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search the ranges of the sweep file for the best by its goals; goes on where an earlier search ended or died."""
    from chimera_dagster.cli.progress import TerminalDisplay
    from chimera_dagster.cli.sweep import chosen
    from chimera_dagster.definitions import defs
    from chimera_dagster.errors import LeaseError
    from chimera_dagster.gpu.leases import claim, leases_folder
    from chimera_dagster.orchestration.sweeping import sweeping
    from chimera_dagster.records.store import Store
    from chimera_dagster.settings import load_settings
    from chimera_dagster.spec.sweep import load_spec
    from chimera_dagster.steps.ingest import data_digest
    from chimera_dagster.steps.sweep_comparison import load_comparison
    from chimera_dagster.sweeps.search import Search

    settings = load_settings(reports_dir=reports, spec=spec)
    asked = chosen(load_spec(settings.spec), models, engine)
    store = Store(settings.data_dir)
    digest = data_digest(store, settings.reports)
    study = settings.dagster_home / "search.db"
    with claim(f"search|{study.absolute()}", leases_folder(settings.leases_dir), wait=False) as alone:
        if not alone:
            raise LeaseError("Another search is at work in this data folder.", hint="Wait for its end, or stop it.")
        with sweeping(defs, settings, store, digest, TerminalDisplay(store)) as at_work:
            found = Search(
                study,
                asked,
                store,
                digest,
                budget=trials,
                sampler=sampler,
                plateau=plateau,
                on_propose=lambda plan: at_work.register([plan]),
            )
            typer.echo(f"At most {found.left} proposals to run; {found.learned} trials are known besides.", err=True)
            outcomes = at_work.in_rounds(found) if daemon else at_work.on_lanes(found, asked.engine)
    failed = {key: outcome.reason for key, outcome in outcomes.items() if outcome.status == "failed"}
    _print(found, failed, load_comparison(store).recommendation, as_json)
    typer.echo(f"All reports on one page: {store.index}", err=True)
    if failed:
        raise typer.Exit(1)


def _print(found: "Search", failed: "Mapping[str, str | None]", answer: "Recommendation", as_json: bool) -> None:
    from chimera_dagster.cli.tables import print_table
    from chimera_dagster.compare.metrics import METRICS
    from chimera_dagster.render.index.cells import figure

    tried = found.tried()
    if as_json:
        shown = [
            {"model": model, "params": params.key, **params.model_dump(), "values": values, "on_front": on_front}
            for (model, params), values, on_front in tried
        ]
        recommended = answer.best.trial if answer.best else None
        typer.echo(
            json.dumps(
                {"ended": found.why_ended(), "proposals": shown, "failed": failed, "recommended": recommended}, indent=2
            )
        )
        return
    metrics = [METRICS[name] for name in found.objectives]
    columns = ("model", "parameters", *(f"{metric.name} {metric.unit}".strip() for metric in metrics), "")
    rows = [
        [
            model,
            str(params),
            *(figure(metric, values.get(metric.name)) for metric in metrics),
            "no other beats it" if on_front else "" if values else "not valid",
        ]
        for (model, params), values, on_front in tried
    ]
    print_table("Proposals, in their order", columns, rows, numeric=set(columns[2:-1]))
    for key, reason in failed.items():
        typer.echo(f"failed: {key}: {reason}")
    typer.echo(f"Ended: {found.why_ended()}.")
    best = f"Recommended of all trials: {answer.best.trial}." if answer.best else "No recommendation."
    typer.echo(f"{best} {answer.why}")
