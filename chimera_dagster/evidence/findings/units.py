"""Numbers that contradict each other by a power of ten: a unit was mistaken."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.findings.finding import WHOLE_FILE, Figures, Finding, listed, sources_of
from chimera_dagster.evidence.findings.finding_context import (
    DECODE,
    EVAL,
    LOAD,
    OUTPUT_TOKENS,
    PROMPT_EVAL,
    PROMPT_TOKENS,
    TOTAL,
    TTFT,
    FindingContext,
)

_POWERS = np.array([-9, -6, -3, 3, 6, 9], dtype="float64")
_WIDTH = 0.15  # in powers of ten: a factor of 1.4, room for a first token that one side does not count
_EXACT = 0.05  # a sum of times closes within that share
_FILE_WIDTH = 0.3  # medians of two files differ by more than the unit
_LEAST_RUNS = 3
_UNITS = ("ms", "tok/s", "MiB", "W", "J")


class MixedUnits(NamedTuple):
    """`wrong` of the `total` runs of a file in which `names` contradict each other by one of the `factors`."""

    file: str
    names: tuple[str, ...]
    wrong: int
    total: int
    factors: list[float]


class UnitsApart(NamedTuple):
    """The `median` of a file that is about `factor` times the `usual` one of others, or that part of it."""

    model: str
    metric: str
    unit: str
    file: str
    median: float
    others: list[str]
    usual: float
    factor: float


class _Product(NamedTuple):
    """`rate` times `time_ms` / 1000 is `counted`; without one, it is 1."""

    rate: str
    time_ms: str
    counted: str | None
    words: str


class _Sum(NamedTuple):
    """`whole` is the sum of `parts`."""

    whole: str
    parts: tuple[str, ...]
    words: str


_PRODUCTS = (
    _Product(DECODE, EVAL, OUTPUT_TOKENS, "decode_tok_s = output_tokens / eval_ms"),
    _Product("prefill_tok_s", PROMPT_EVAL, PROMPT_TOKENS, "prefill_tok_s = prompt_tokens / prompt_eval_ms"),
    _Product(DECODE, "tpot_ms", None, "tpot_ms = 1 / decode_tok_s"),
)
_SUMS = (
    _Sum(TTFT, (LOAD, PROMPT_EVAL), "ttft_ms = load_ms + prompt_eval_ms"),
    _Sum(TOTAL, (LOAD, PROMPT_EVAL, EVAL), "total_ms = load_ms + prompt_eval_ms + eval_ms"),
)


def contradicting_units(data: FindingContext) -> Iterator[Finding]:
    """Identities within a record that are off by 1e3, 1e6 or 1e9; one finding per file and identity.

    A rate times a time must give its count within a factor of 1.4. A time must be the sum of its parts: if this holds
    within 5 % in most records of a file, a record counts if a power of ten on one of its numbers restores the sum; in
    any other file, if the sum is off by a power of ten in most records. (A first token may wait for more than the
    parts, so a sum that is off otherwise is not a contradiction.)
    """
    runs = data.every_run
    for product in _PRODUCTS:
        names = (product.rate, product.time_ms, *([product.counted] if product.counted else []))
        yield from _by_file(runs, names, product.words, _power_of_product(runs, product))
    for identity in _SUMS:
        names = (identity.whole, *identity.parts)
        yield from _by_file(runs, names, identity.words, _power_of_sum(runs, identity))


def _power_of_product(runs: pd.DataFrame, product: _Product) -> NDArray[np.float64]:
    count = runs[product.counted] if product.counted else pd.Series(1.0, runs.index)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log10(((runs[product.rate] * runs[product.time_ms] / 1000) / count).to_numpy("float64"))
    return _nearest(ratio, _WIDTH)


def _nearest(logs: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """The power of ten within `width` of a decimal logarithm; NaN if there is none, and for 10^0."""
    found = np.full(len(logs), np.nan)
    for power in _POWERS:
        found[np.abs(logs - power) <= width] = power
    return found


def _power_of_sum(runs: pd.DataFrame, identity: _Sum) -> NDArray[np.float64]:
    names = (identity.whole, *identity.parts)
    values = {name: runs[name].to_numpy("float64") for name in names}
    # If only the load time is missing, the model was in memory.
    values[LOAD] = np.where(np.isnan(values[LOAD]), 0, values[LOAD])
    complete = np.all([values[name] >= 0 for name in names], axis=0) & (values[identity.whole] > 0)
    whole, parts = values[identity.whole], np.sum([values[name] for name in identity.parts], axis=0)
    complete &= parts > 0
    closes = complete & _close(whole, parts)
    file = runs["file"].cat.codes.to_numpy()
    size = len(runs["file"].cat.categories)
    share = np.bincount(file, closes, size) / np.maximum(np.bincount(file, complete, size), 1)
    usual = share[file] > 0.5
    restored = np.full(len(runs), np.nan)
    for power in _POWERS:
        factor = 10.0**-power
        for name in names:
            others = parts - values[name]
            right = (
                _close(whole * factor, parts)
                if name == identity.whole
                else _close(whole, others + values[name] * factor)
            )
            moved = right & (values[name] > 0) & complete & ~closes & usual
            restored[moved] = power
    with np.errstate(divide="ignore", invalid="ignore"):
        constant = _nearest(np.log10(whole / parts), 0.05)
    constant[~complete | usual] = np.nan
    shared = np.bincount(file, ~np.isnan(constant), size) / np.maximum(np.bincount(file, complete, size), 1)
    return np.where(usual, restored, np.where(shared[file] > 0.5, constant, np.nan))


def _close(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.abs(one - other) <= _EXACT * np.maximum(np.abs(one), np.abs(other))


def _by_file(runs: pd.DataFrame, names: tuple[str, ...], words: str, powers: NDArray[np.float64]) -> Iterator[Finding]:
    wrong = ~np.isnan(powers)
    totals = runs.groupby("file", observed=True).size()
    rows = runs[wrong].assign(power=powers[wrong])
    for file, group in rows.groupby("file", observed=True):
        figures, total = Figures(), int(totals[file])
        factors = [10.0**power for power in sorted(set(group["power"].abs()))]
        shown = [figures.say(f"factor_{place}", factor) for place, factor in enumerate(factors)]
        text = (
            f"In {figures.say('records', len(group))} of {figures.count('runs', total, 'run')} of {file} the units "
            f"contradict each other: {words} is off by a factor of {listed(shown)}. One of these columns is not in "
            f"the unit that its name says."
        )
        yield Finding(
            "contradicting_units",
            "warning",
            str(file),
            text,
            figures,
            total,
            sources_of(group),
            importance=90 + len(group) / total,
            about=MixedUnits(str(file), names, len(group), total, factors),
        )


def contradicting_files(data: FindingContext) -> Iterator[Finding]:
    """Files whose median of a metric is 1e3, 1e6 or 1e9 times that of others with the same model and conditions."""
    raw = data.raw
    units = [unit for unit in raw["unit"].cat.categories if unit in _UNITS]
    rows = raw[(raw["model"].notna() & raw["unit"].isin(units) & (raw["value"] > 0)).to_numpy()]
    alike = ["model", "metric", "unit", "conditions"]  # a load of 512 makes some times a thousand times longer
    medians = rows.groupby([*alike, "file"], observed=True)["value"].agg(["median", "size"])
    medians = medians[medians["size"] >= _LEAST_RUNS].reset_index()
    for (model, metric, unit, _), group in medians.groupby(alike, observed=True):
        if len(group) < 2:
            continue
        usual = (
            float(np.exp(np.median(np.log(group["median"].to_numpy("float64")))))
            if len(group) > 2
            else float(group["median"].min())
        )
        powers = _nearest(np.log10(group["median"].to_numpy("float64") / usual), _FILE_WIDTH)
        for place in np.flatnonzero(~np.isnan(powers)):
            row, figures = group.iloc[int(place)], Figures()
            others = [str(name) for name, power in zip(group["file"], powers, strict=True) if np.isnan(power)]
            text = (
                f"{metric} of {model} has a median of {figures.say('median', float(row['median']), str(unit))} in "
                f"{row['file']} and of {figures.say('usual', usual, str(unit))} in {listed(others, 3)}: about a factor "
                f"of {figures.say('factor', 10.0 ** abs(powers[place]))}, so one of them is in the wrong unit."
            )
            sources = [(str(row["file"]), WHOLE_FILE), *((name, WHOLE_FILE) for name in others)]
            subject = f"{metric} of {model}"
            n = int(group["size"].sum())
            about = UnitsApart(
                str(model),
                str(metric),
                str(unit),
                str(row["file"]),
                float(row["median"]),
                others,
                usual,
                10.0 ** abs(float(powers[place])),
            )
            yield Finding(
                "contradicting_files", "warning", subject, text, figures, n, sources, importance=80.0, about=about
            )
