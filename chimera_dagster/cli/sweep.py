"""`chimera sweep`: every trial of a sweep spec that has no report yet, through Dagster, on all lanes of this host."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from chimera_dagster.cli.options import AsJson, Engine, Models, Reports, Spec
from chimera_dagster.cli.plan import print_plan
from chimera_dagster.cli.terminal import Terminal, say, write_json
from chimera_dagster.engines.models import check_whole
from chimera_dagster.errors import SpecError
from chimera_dagster.records.pages import is_page
from chimera_dagster.records.store import Store
from chimera_dagster.records.trial_files import read_metrics
from chimera_dagster.settings import Settings, load_settings
from chimera_dagster.spec.engine_names import EngineChoice
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan, load_spec
from chimera_dagster.steps.done import is_done
from chimera_dagster.steps.ingest import data_digest
from chimera_dagster.sweeps.queue import TrialQueue
from chimera_dagster.sweeps.rounds import visits_of
from chimera_dagster.text.foreign import one_line

if TYPE_CHECKING:
    from chimera_dagster.orchestration.workers import Ended

_WIDTH = 1000


@dataclass(frozen=True)
class Row:
    """One row of the table that a sweep ends with; None if the trial has no such value."""

    model: str
    params: str
    status: str
    throughput_tok_s: float | None = None
    ttft_ms: float | None = None
    validity: str | None = None
    text: str | None = None
    accuracy: float | None = None
    report: str | None = None
    reason: str | None = None


def sweep(
    spec: Spec = None,
    reports: Reports = None,
    models: Models = None,
    engine: Engine = None,
    force: Annotated[
        bool, typer.Option("--force", help="Run all trials, even those that already have a report.")
    ] = False,
    daemon: Annotated[
        bool,
        typer.Option("--daemon", help="Let the daemon of 'chimera ui' run the trials, and follow them."),
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Run nothing: print what the sweep takes, and which difference it will show.")
    ] = False,
    detect: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Run nothing: propose rounds and repeats that show a difference such as 5%."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run every trial of the sweep that has no report yet.

    The sweep file says in how many rounds, each of which visits all trials in a new order. A report made from other
    data than the reports folder now holds is ignored; its trial runs again. Exits with 1 if a trial failed.
    """
    settings = load_settings(reports_dir=reports, spec=spec)
    plans = chosen(load_spec(settings.spec), models, engine).plans()
    store = Store(settings.data_dir)
    digest = data_digest(store, settings.reports)
    todo = [visit for visit in visits_of(plans) if force or not is_done(store, visit, digest)]
    if plan or detect is not None:
        _check_models(plans[0].spec)
        print_plan(store, plans, _each_once(todo), detect, as_json=as_json)
        return
    for each in plans:  # here and not only with those that run, so that a damaged trial.json is written again
        store.register(each)
    _announce(plans, todo)
    is_published = is_page(store.index) and is_page(store.index.with_suffix(".md"))
    outcomes = (
        _run(settings, store, plans, todo, digest, force=force, daemon=daemon) if todo or not is_published else {}
    )
    rows = [_row(store, plan, outcomes.get(plan.trial.key)) for plan in plans]
    _print(rows, as_json)
    if store.index.exists():
        say(f"All trial reports on one page: {store.index}", err=True)
    if any(outcome.status == "failed" for outcome in outcomes.values()):
        raise typer.Exit(1)


def _check_models(spec: SweepSpec) -> None:
    """Raise ModelFileError if a model's file that the embedded engine would load is damaged."""
    for tag in spec.models:
        if spec.engine == "embedded" or tag.startswith("file:"):
            check_whole(tag)


def _each_once(visits: list[TrialPlan]) -> list[TrialPlan]:
    """The trials that have a visit to make, in any round."""
    return list({visit.trial.key: visit for visit in visits}.values())


def _announce(plans: list[TrialPlan], todo: list[TrialPlan]) -> None:
    keys = {plan.trial.key for plan in todo}
    skipped = len(plans) - len(keys)
    visits = f" in {len(todo)} visits" if len(todo) > len(keys) else ""
    say(f"{len(keys)} trials to run{visits}, {skipped} skipped: they have a report of this data.", err=True)
    if todo and plans[0].spec.rounds == 1 and len(plans) > 1:
        say(
            "All trials run once, in one round: what differs between them can be a drift of this host. "
            "'rounds: 3' in the sweep file can tell.",
            err=True,
        )


def chosen(spec: SweepSpec, models: list[str] | None, engine: EngineChoice | None) -> SweepSpec:
    """The spec with the models and the engine of the command line, if given. Raises SpecError."""
    changes: dict[str, object] = {}
    if models:
        changes["models"] = [tag for option in models for tag in option.split(",") if tag]
    if engine is not None:
        changes["engine"] = engine
    try:
        return SweepSpec.model_validate(spec.model_dump() | changes)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SpecError(f"--models: {message}.") from error


def _run(
    settings: Settings,
    store: Store,
    plans: list[TrialPlan],
    todo: list[TrialPlan],
    digest: str,
    *,
    force: bool,
    daemon: bool,
) -> "dict[str, Ended]":
    """Run the trials through Dagster; how each ended, by trial key. Raises ChimeraError if ingest fails."""
    from chimera_dagster.cli.progress import open_sweep  # imports Dagster: 2 s that a finished sweep does not need

    with open_sweep(settings, store, digest) as session:
        session.register(plans)
        if not todo:
            return {}  # only the index is written
        if daemon:
            return session.by_daemon(todo, force=force)
        return session.on_lanes(TrialQueue(todo), todo[0].spec.engine, force=force)


def _row(store: Store, plan: TrialPlan, outcome: "Ended | None") -> Row:
    metrics = None if outcome and outcome.status == "failed" else read_metrics(store, plan.trial)
    if metrics is None:
        return Row(plan.model, plan.params.key, "failed", reason=outcome.reason if outcome else None)
    return Row(
        model=plan.model,
        params=plan.params.key,
        status=outcome.status if outcome else "skipped",
        throughput_tok_s=metrics.headline.throughput_tok_s,
        ttft_ms=metrics.headline.ttft_ms,
        validity=metrics.verdict,
        text=metrics.text_quality.verdict,
        accuracy=None if metrics.accuracy is None else metrics.accuracy.share,
        report=str(store.folder_of(plan.trial).report),
    )


def _print(rows: list[Row], as_json: bool) -> None:
    if as_json:
        write_json(json.dumps([asdict(row) for row in rows], indent=2))
        return
    table = Table("model", "parameters", "status", "validity", "model's text", box=None, pad_edge=False)
    asked = any(row.accuracy is not None for row in rows)
    for column in ("tok/s", "TTFT ms", *(["accuracy"] if asked else [])):
        table.add_column(column, justify="right")
    table.add_column("report")
    for row in rows:
        values = (row.throughput_tok_s, row.ttft_ms, *([row.accuracy] if asked else []))
        numbers = [f"{value:.2f}" if value is not None else "-" for value in values]
        words = [word or "-" for word in (row.status, row.validity, row.text)]
        table.add_row(*map(one_line, [row.model, row.params, *words, *numbers, row.report or row.reason or "-"]))
    Terminal(width=_WIDTH).print(table)  # a path that is wrapped can't be clicked or copied
    say("Open the Dagster UI with: make ui (or: chimera ui)", err=True)
