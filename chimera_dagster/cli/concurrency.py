"""`chimera concurrency`: what it gains to let trials write at once, on one server and on several."""

from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson, Spec


def concurrency(
    spec: Spec = None,
    agents: Annotated[
        int, typer.Option(min=2, help="Trials at once: the first of each model, then the second of each.")
    ] = 2,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; intervals need three.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Measure trials at once against the same trials alone: speed-up, efficiency, and what each agent loses."""
    from contextlib import ExitStack

    from chimera_dagster.cli.tables import print_table
    from chimera_dagster.gpu.lanes import config_of, lanes
    from chimera_dagster.gpu.leases import acquire, holder, leases_folder
    from chimera_dagster.records.store import Store
    from chimera_dagster.render.contention_page import HEADER, NUMERIC, lines, rows
    from chimera_dagster.settings import load_settings
    from chimera_dagster.spec.sweep import load_spec
    from chimera_dagster.sweeps.contention import choose, run

    settings = load_settings(spec=spec)
    plans = choose(load_spec(settings.spec).plans(), agents)
    store, found = Store(settings.data_dir), lanes(config_of(settings))
    folder = leases_folder(settings.leases_dir)

    def say(line: str) -> None:
        typer.echo(line, err=True)

    with ExitStack() as held:
        for lane in found:  # all of them, one by one in their order: no two that wait can hold each other up
            lease = acquire(
                [lane],
                holder(trial=f"{agents} agents at once"),
                folder,
                on_wait=lambda _, lane=lane: say(f"waiting for {lane.name}; 'chimera gpus' shows who holds it"),
            )
            held.enter_context(lease)
        result = run(store, plans, found, rounds, say)
    if as_json:
        typer.echo(result.model_dump_json(indent=2))
        return
    for scenario in result.scenarios:
        title = "\n".join([f"{scenario.name}, {result.rounds} rounds", *lines(scenario)])
        print_table(title, HEADER, rows(scenario), numeric={HEADER[place] for place in NUMERIC})
    if result.not_measured:
        typer.echo(f"Not measured: {result.not_measured}.")
    say(f"Kept in {store.concurrency} and .md")
