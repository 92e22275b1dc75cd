"""The index of all trials: which reports are published and which are withheld, written from the comparison."""

from typing import NamedTuple

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.regression import regress
from chimera_dagster.errors import InputError
from chimera_dagster.records.store import Store, write_text
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.render.index.index_page import Withheld, build_index
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.steps.sweep_comparison import read_baseline


class Published(NamedTuple):
    """How many reports the index shows, how many it withholds, and how many trials have none yet."""

    published: int
    withheld: int
    waiting: int


def write_index(store: Store, comparison: Comparison) -> Published:
    """Write index.html and index.md beside the trials' folders; against the saved baseline, if there is one.

    If the baseline can't be read, because it is of an older version for example, the page says so.
    """
    shown = [trial for trial in comparison.trials if trial.href is not None]
    withheld = [Withheld(trial, trial.withheld) for trial in shown if trial.withheld]
    try:
        baseline = read_baseline(store, None)
    except InputError as error:
        against = str(error)
    else:
        against = regress(baseline[1], comparison, baseline[0]) if baseline else None
    page = build_index(comparison, withheld, against)
    write_text(store.index, to_html(page))
    write_text(store.index.with_suffix(".md"), to_markdown(page))
    return Published(len(shown) - len(withheld), len(withheld), len(comparison.trials) - len(shown))
