"""Models, files and metrics as sentences name them, and the scope of what was counted."""

import re
from collections.abc import Callable, Sequence

import pandas as pd

from chimera_dagster.evidence.measures import MEASURES
from chimera_dagster.notes.note import Runs, Scope
from chimera_dagster.notes.phrase import Name, Phrase, Words, count, file, listed, model, phrase

_SIZE = re.compile(r"(?<![a-z\d.])(?:(\d{1,3})x)?(\d{1,4}(?:\.\d{1,3})?)([bm])(?![a-z\d])", re.IGNORECASE)
_UNITS = {"m": 1e6, "b": 1e9}
_MOST = 4  # names in one sentence
_METRICS = {measure.metric: measure.words for measure in MEASURES} | {
    "load_ms": "load time",
    "prompt_eval_ms": "prompt processing time",
    "eval_ms": "generation time",
    "total_ms": "total time",
    "prompt_tokens": "prompt tokens",
    "output_tokens": "output tokens",
    "requests_per_s": "request throughput",
    "total_tok_s": "total throughput",
}


def models_in_words(names: Sequence[str], most: int = _MOST) -> Phrase:
    """`a, b and c`; of more than `most` the rest as a count."""
    return _listed(names, model, most)


def files_in_words(paths: Sequence[str], most: int = _MOST - 1) -> Phrase:
    """As `models_in_words`, of files."""
    return _listed(paths, file, most)


def files_of_one(paths: Sequence[str]) -> Phrase:
    """Files of one folder that are about one model: `a.csv`, `12 files in results`."""
    folder = paths[0].rpartition("/")[0]
    if len(paths) == 1:
        return (file(paths[0]),)
    found = count(len(paths), "file")
    return phrase("{n} in {f}", n=found, f=file(folder)) if folder else found


def metric_in_words(metric: str) -> Words | Name:
    """`time to first token`; the name itself of a metric that has no words."""
    words = _METRICS.get(metric)
    return Words(words) if words else Name(metric, "metric")


def parameters_of(model: str) -> float | None:
    """How many parameters a model's name says that it has: 270 million of `gemma3:270m`, 56 billion of `8x7b`."""
    sizes = [int(times or 1) * float(size) * _UNITS[unit.casefold()] for times, size, unit in _SIZE.findall(model)]
    return max(sizes, default=None)


def every(amount: int, noun: str) -> Phrase:
    """`the only run`, `both runs`, `all 3 runs`."""
    if amount > 2:
        return phrase("all {n}", n=count(amount, noun))
    return phrase(f"both {noun}s" if amount == 2 else f"the only {noun}")


def scope_of(rows: pd.DataFrame, runs: Runs = "all") -> Scope:
    """Models, records and files of rows of schemas.Measurements."""
    models = sorted(str(name) for name in rows["model"].dropna().unique())
    records = len(rows[["file", "record"]].drop_duplicates())
    return Scope(tuple(models), runs=runs, n=records, files=int(rows["file"].nunique()))


def _listed(names: Sequence[str], make: Callable[[str], Name], most: int) -> Phrase:
    if len(names) == most + 1:
        most += 1  # as long as to say that there is one more
    shown: list[Phrase] = [(make(name),) for name in names[:most]]
    if len(names) > most:
        shown.append(count(len(names) - most, "more", "more"))
    return listed(shown)
