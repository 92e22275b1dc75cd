"""`chimera concurrency`: what is gained by running trials concurrently, on one server and on several."""

from contextlib import ExitStack
from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson, Spec
from chimera_dagster.cli.tables import print_table
from chimera_dagster.cli.terminal import say, write_json
from chimera_dagster.gpu.holder import holder
from chimera_dagster.gpu.lanes import config_of, lanes
from chimera_dagster.gpu.leases import acquire, holders, leases_folder
from chimera_dagster.records.store import Store
from chimera_dagster.render.contention_page import HEADER, NUMERIC, lines, rows
from chimera_dagster.settings import Settings, load_settings
from chimera_dagster.spec.sweep import load_spec
from chimera_dagster.steps.evidence import is_evidence_current
from chimera_dagster.steps.ingest import data_digest
from chimera_dagster.sweeps.contention import choose, run


def concurrency(
    spec: Spec = None,
    agents: Annotated[
        int,
        typer.Option(min=2, help="Number of trials to run at once, taken in turn from each model."),
    ] = 2,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; an interval needs at least 3.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Compare trials run concurrently with the same trials run alone.

    Shows the speed-up, the efficiency, and how much each trial is slowed down.
    """
    settings = load_settings(spec=spec)
    plans = choose(load_spec(settings.spec).plans(), agents)
    store, found = Store(settings.data_dir), lanes(config_of(settings))
    _require_evidence(settings, store)
    folder = leases_folder(settings.leases_dir)
    who = holder(trial=f"{agents} trials at the same time", folder=settings.data_dir)
    with ExitStack() as leases:
        for lane in found:  # all of them, one by one in their order: two commands that wait can't block each other
            lease = acquire(
                [lane], who, folder, on_wait=lambda states: _note(f"waiting for a lane; held: {holders(states)}")
            )
            leases.enter_context(lease)
        result = run(store, plans, found, rounds, _note)
    if as_json:
        write_json(result.model_dump_json(indent=2))
        return
    for scenario in result.scenarios:
        title = "\n".join([f"{scenario.name}, {result.rounds} rounds", *lines(scenario)])
        print_table(title, HEADER, rows(scenario), numeric={HEADER[place] for place in NUMERIC})
    if result.not_measured:
        say(f"Not measured: {result.not_measured}.")
    _note(f"Saved as {store.concurrency} and .md")


def _require_evidence(settings: Settings, store: Store) -> None:
    """Ingest the reports folder if no command has done so since it changed."""
    digest = data_digest(store, settings.reports)
    if is_evidence_current(store, digest):
        return
    # Dagster takes seconds to import.
    from chimera_dagster.definitions import defs
    from chimera_dagster.orchestration.home import open_instance
    from chimera_dagster.orchestration.runner import JobRunner
    from chimera_dagster.orchestration.workspace import Workspace

    _note("reading the reports folder")
    with open_instance(settings) as instance:
        JobRunner(defs, instance, Workspace(settings)).require_evidence(digest)


def _note(line: str) -> None:
    say(line, err=True)
