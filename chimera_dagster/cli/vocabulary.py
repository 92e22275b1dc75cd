"""`chimera vocabulary`: teach the readers the names that your benchmark files use."""

import difflib
import math

import typer
import yaml

from chimera_dagster.cli.options import Folder
from chimera_dagster.cli.reading import read_folder
from chimera_dagster.cli.terminal import say
from chimera_dagster.evidence.unread import UnreadGroup, unread_groups
from chimera_dagster.ingest import vocabulary as words
from chimera_dagster.ingest.metric_names import metric_of
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.user_vocabulary import FILE_NAME

vocabulary = typer.Typer(no_args_is_help=True, help="Teach the readers the names that your benchmark files use.")

_MOST = 40


@vocabulary.callback()
def group() -> None:
    """Teach the readers the names that your benchmark files use."""


@vocabulary.command()
def suggest(
    folder: Folder = None,
) -> None:
    """Print a vocabulary.yaml with the names in a folder that nothing knows yet, to fill in; nothing is written."""
    groups = unread_groups(read_folder(folder).files)
    if not groups:
        say("Every number of this folder has a known name.", err=True)
        return
    say(*_suggested(groups[:_MOST]))
    if len(groups) > _MOST:
        say(f"# {len(groups) - _MOST} more names are not shown.")


@vocabulary.command()
def metrics() -> None:
    """Print every metric with its unit and the names that are known for it."""
    for metric, entry in words.vocabulary().metrics.items():
        say(f"{metric} [{entry.unit}]: {', '.join(entry.names)}")


def _suggested(groups: list[UnreadGroup]) -> list[str]:
    return [
        f"# Save as {FILE_NAME} beside sweep.yaml. Move each name to the metric that it is, with its unit in the file",
        "# (null if the name ends in it), or uncomment it under labels if it measures nothing.",
        "# 'chimera vocabulary metrics' prints the metrics; one of your own needs a unit:",
        '#   fan_speed_pct: {unit: "%", names: {fan: "%"}}',
        "metrics:",
        *map(_to_fill_in, groups),
        "  # decode_tok_s: {names: {gen_speed: tok/s}}",
        "labels:",
        *(f"  # - {_name(group.name)}" for group in groups),
    ]


def _to_fill_in(group: UnreadGroup) -> str:
    """A line for a name: one that only lacks its unit is ready but for that."""
    known = metric_of(group.name)
    if known and known[1] == "ms":
        return f"  # {known[0]}: {{names: {{{_name(group.name)}: s}}}} # or ms: {_found(group)} without a unit"
    return f"  # {_name(group.name)}: {_found(group)}; perhaps {_alike(group.name)}"


def _found(group: UnreadGroup) -> str:
    numbers = "1 number" if group.numbers == 1 else f"{group.numbers} numbers"
    return f"{numbers} in {'1 file' if group.files == 1 else f'{group.files} files'}"


def _alike(name: str) -> str:
    """The metric whose names look most like this one."""
    metrics = words.vocabulary().metrics
    spelled = {known: metric for metric, entry in metrics.items() for known in (metric, *entry.names)}
    close = difflib.get_close_matches(normal(name)[0], spelled, n=1, cutoff=0.5)
    return spelled[close[0]] if close else "a metric of your own"


def _name(name: str) -> str:
    """As YAML writes it, on one line."""
    plain = name.isprintable()
    style = None if plain else '"'
    written: str = yaml.safe_dump(name, default_style=style, width=math.inf, allow_unicode=plain)
    return written.splitlines()[0]
