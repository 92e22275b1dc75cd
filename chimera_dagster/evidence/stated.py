"""Aggregates of runs that no file lists: values as the file states them."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from chimera_dagster.evidence.runs import SETUP, grouped, model_codes, one_spelling, repeats_stated
from chimera_dagster.evidence.setups import Setup, setups_of
from chimera_dagster.schemas import PERCENTILES

# In the order in which one of them stands for the others. `value`: of a kind that the file does not say
CENTRES = ("mean", "median", "value")
KINDS = (*CENTRES, "std", "stderr", "min", "max", *PERCENTILES)
_NAMED = {"p50": "median", "reported": "value", "summary": "value", "overall": "value", "p5": "p05"}
_ABOUT = ["file", "record", "model", *SETUP, "params", "metric", "unit"]


def stated_values(measurements: pd.DataFrame, runs: pd.DataFrame, duplicates: Iterable[str]) -> pd.DataFrame:
    """One row per record and metric that states aggregates of runs that `runs` do not have.

    Columns: file, record, model, backend, gpu, conditions, params, metric, unit, `derived` (the formula, if code
    computed one of them), `n` (NaN if the file does not say it) and KINDS, NaN where the file has none. An aggregate is
    left out if runs of its model measure its metric under all that it names, unless its file compares the model with
    others that have no runs. A record that states one of them twice has two rows.
    """
    rows = measurements[
        measurements["aggregate"].notna()
        & ~measurements["error"]
        & measurements["doubt"].isna()
        & ~measurements["file"].isin(list(duplicates))
    ]
    kinds = rows["aggregate"].astype("str").replace(_NAMED)
    rows = one_spelling(rows.assign(kind=kinds)[kinds.isin(KINDS).to_numpy()])
    rows = rows[~repeats_stated(rows)]
    listed = _listed(rows, runs)
    rows = rows[~listed | _beside_others(rows, listed)]
    if rows.empty:
        return pd.DataFrame(columns=[*_ABOUT, "derived", "n", *KINDS]).astype(dict.fromkeys(["n", *KINDS], "float64"))
    rows = rows.sort_values(["original_name", "value"], kind="stable")
    rows = rows.drop_duplicates([*_ABOUT, "kind", "value"])  # the median is the p50 too
    ids, _ = grouped(rows, _ABOUT)
    again = rows.assign(group=ids).groupby(["group", "kind"], observed=True).cumcount().to_numpy()
    ids, keys = grouped(rows.assign(again=again), [*_ABOUT, "again"])
    for kind in KINDS:
        of_kind = (rows["kind"] == kind).to_numpy()
        column = np.full(len(keys), np.nan)
        column[ids[of_kind]] = rows["value"].to_numpy("float64")[of_kind]
        keys[kind] = column
    by_group = rows.assign(group=ids).groupby("group")
    keys["n"] = by_group["n"].max().to_numpy("float64")
    derived = rows["derived"].astype("object").where(rows["derived"].notna(), None)
    keys["derived"] = rows.assign(group=ids, derived=derived).groupby("group")["derived"].first().to_numpy()
    return keys[[*_ABOUT, "derived", "n", *KINDS]]


def _listed(sums: pd.DataFrame, runs: pd.DataFrame) -> "np.ndarray":
    """Which aggregates are of a model whose runs of that metric are listed, under all that the aggregate names.

    At least as many of them as the aggregate states: some tools list a sample of the runs.
    """
    known: dict[tuple[str, str], list[tuple[Setup, int]]] = {}
    of_metrics = runs[runs["metric"].isin(list(sums["metric"].unique()))]
    places, found = _combinations(of_metrics)
    for (key, setup), count in zip(found, np.bincount(places, minlength=len(found)).tolist(), strict=True):
        known.setdefault(key, []).append((setup, count))
    ids, combinations = _combinations(sums)
    counts = [
        sum(count for setup, count in known.get(key, []) if wanted.items() <= setup.items())
        for key, wanted in combinations
    ]
    behind = np.array(counts, dtype="float64")[ids]
    return (behind > 0) & ~(sums["n"].to_numpy("float64") > behind)


def _beside_others(sums: pd.DataFrame, listed: "np.ndarray") -> "np.ndarray":
    """Which aggregates stand in a file beside those of another model under the same setup whose runs are not listed.

    Not if the model has others under that setup that count already: they would be two values of one thing.
    """
    if not listed.any() or listed.all():
        return np.zeros(len(sums), dtype=bool)
    place, _ = setups_of(sums)
    ids, _ = grouped(sums.assign(place=place), ["file", "metric", "place"])
    models = pd.DataFrame({"id": ids, "model": pd.factorize(sums["model"])[0], "listed": listed})
    others = models[~models["listed"] & (models["model"] >= 0)].groupby("id")["model"].nunique()
    own, _ = grouped(sums.assign(place=place), ["model", "metric", "place"])
    counted = np.isin(own, own[~listed])
    return np.isin(ids, others.index.to_numpy()) & listed & ~counted & (models["model"] >= 0).to_numpy()


def _combinations(rows: pd.DataFrame) -> tuple["np.ndarray", list[tuple[tuple[str, str], Setup]]]:
    """Each combination of model, metric and setup once, and the place of each row's."""
    place, setups = setups_of(rows)
    metric = pd.factorize(rows["metric"])[0]
    joint = (model_codes(rows) * (int(metric.max(initial=0)) + 1) + metric) * len(setups) + place
    ids, keys = pd.factorize(joint)
    first = rows.iloc[np.unique(ids, return_index=True)[1]]
    names = [
        str(file) if pd.isna(model) else str(model)
        for model, file in zip(first["model"], "/" + first["file"].astype("str"), strict=True)
    ]
    return ids, [
        ((name.casefold(), str(metric)), setups[int(key) % len(setups)])
        for name, metric, key in zip(names, first["metric"], keys, strict=True)
    ]
