"""Rates that contradict the tokens and the times of their own record."""

from collections.abc import Sequence

import numpy as np

from chimera_dagster.ingest.batch import Batch, Floats, Sheet, Truths
from chimera_dagster.ingest.names import stem
from chimera_dagster.ingest.remembered import remembered

Doubts = dict[int, str]  # the reason, by row of the batch

FASTEST_TOK_S = {"decode_tok_s": 1e5, "prefill_tok_s": 1e8}  # of one request; caches make a prefill look fast
_APART = 100.0  # a rate and what it is made of differ by more than that: a unit is wrong, not a definition
_BLIND = 10**2.5  # and by that much more if the record doesn't say how long it all took, as a model may be loaded first
_DISAGREES = 4.0  # a rate and its tokens and time, if the record says how long it all took
_AGREE = 1.5
_AT_WORK = 0.95  # of a request; the rest is the way to the server and back
_ROUNDED = 1.0  # tok/s that a file may have rounded away
_FEWEST_TOKENS = 5  # of an answer whose rate is checked that closely
_MANY_REQUESTS = ("completed_requests", "requests_per_s", "benchmark_ms")  # of a record that sums up many
_OF_REQUEST = frozenset(
    {"latency", "response_time", "duration", "antwortzeit", "latenz", "latence"}
)  # stems of latency_ms; it may also be that of a token
_WHOLES = ("e2e_ms", "total_ms", "latency_ms")


def doubt_rates(batch: Batch, sheet: Sheet, doubts: Doubts) -> None:
    """Rates that are more than 100 times what the counts and times of their record give, or less than a hundredth.

    A lower decode rate may be one over the whole request, and a lower prefill rate one over the tokens that were not
    cached. A higher one may be that of all requests at once.
    """
    for rate, time, count in (
        ("decode_tok_s", "eval_ms", "output_tokens"),
        ("prefill_tok_s", "prompt_eval_ms", "prompt_tokens"),
    ):
        values = sheet.values(rate, time, count)
        if values is None:
            continue
        with np.errstate(invalid="ignore"):
            rates, times, counts = values
            wrong = rates * times > counts * 1000 * _APART
            if rate == "decode_tok_s":
                wrong |= rates * _longest(sheet, times) * _APART < counts * 1000
            wrong &= (rates > 0) & (times > 0) & (counts > 0)
        for place in np.flatnonzero(wrong).tolist():
            of_rate, of_time, of_count = (sheet.row(metric, place) for metric in (rate, time, count))
            implied = counts[place] / times[place] * 1000
            if rates[place] > implied and rates[place] <= implied * _APART * batch.at_once(of_rate):
                continue
            if doubts.keys().isdisjoint((of_rate, of_time, of_count)):
                reason = (
                    f"{batch.said(of_rate)} contradicts {batch.said(of_count)} in {batch.said(of_time)}, "
                    f"which are {implied:.4g} tok/s"
                )
                doubts[of_rate] = doubts[of_time] = reason


def doubt_haste(batch: Batch, sheet: Sheet, doubts: Doubts) -> None:
    """Times in which no machine makes that many tokens."""
    fastest = FASTEST_TOK_S["decode_tok_s"]
    if values := sheet.values("output_tokens", "eval_ms"):
        counts, times = values
        for place in np.flatnonzero((counts >= 2) & (times >= 0) & (counts * 1000 > fastest * times)).tolist():
            count, time = sheet.row("output_tokens", place), sheet.row("eval_ms", place)
            if time not in doubts and counts[place] * 1000 > fastest * times[place] * batch.at_once(time):
                doubts[time] = f"{batch.said(count)} in {batch.said(time)} is faster than any machine"


def doubt_decode_rates(batch: Batch, runs: Sheet, doubts: Doubts) -> None:
    """Decode rates of runs that are four times what their tokens and time allow, or more, and those below a quarter.

    The tokens were made in the evaluation that the record states, or after the first token, so the rate can't be much
    higher, unless it is that of several requests at once. It can't be lower than over the whole request.
    """
    values = runs.values("decode_tok_s", "output_tokens")
    if values is None:
        return
    rates, counts = values
    answer, ttft, load = runs.optional("eval_ms"), runs.optional("ttft_ms"), np.nan_to_num(runs.optional("load_ms"))
    wholes = [_whole(batch, runs, metric, rates) for metric in _WHOLES]
    with np.errstate(invalid="ignore"):
        shortest = np.where(
            np.isnan(answer), np.fmin.reduce([whole * _AT_WORK - ttft - load for whole in wholes]), answer
        )
        longest = np.fmax.reduce([*wholes, answer + ttft])
        checked = (counts >= _FEWEST_TOKENS) & (rates > 0) & ~_sums_up(batch, runs)
        high = checked & (shortest > 0) & ((rates - _ROUNDED) * shortest > counts * 1000 * _DISAGREES)
        low = checked & (longest > 0) & ((rates + _ROUNDED) * longest * _DISAGREES < counts * 1000)
    for place in np.flatnonzero(high | low).tolist():
        rate, count = runs.row("decode_tok_s", place), runs.row("output_tokens", place)
        implied = counts[place] / (shortest if high[place] else longest)[place] * 1000
        if high[place] and rates[place] <= implied * _DISAGREES * batch.at_once(rate):
            continue
        said_wholes = [runs.row(metric, place) for metric, of in zip(_WHOLES, wholes, strict=True) if of[place] > 0]
        times = [runs.row("eval_ms", place)] if answer[place] > 0 and (high[place] or not said_wholes) else said_wholes
        if doubts.keys().isdisjoint((rate, count, *times)):
            said = f"{batch.said(rate)} contradicts {batch.said(count)} in {' and '.join(map(batch.said, times))}"
            reason = f"{said}, which are {'at most' if high[place] else 'at least'} {implied:.4g} tok/s"
            doubts.update(dict.fromkeys([rate] if _confirmed(runs, place, wholes) else [rate, *times], reason))


def _whole(batch: Batch, runs: Sheet, metric: str, rates: Floats) -> Floats:
    """The times of whole requests; NaN for a latency of something else, such as a token."""
    times = runs.optional(metric)
    rows = runs.rows(metric)
    if metric != "latency_ms" or rows is None:
        return times
    is_of_one = np.array([is_of_request(kind.original_name) for kind in batch.kinds], bool)[batch.kind[rows]]
    with np.errstate(divide="ignore", invalid="ignore"):
        is_of_token = np.abs(np.log(rates * times / 1000)) < np.log(_AGREE)
    return np.where(is_of_one & ~is_of_token, times, np.nan)


@remembered(maxsize=10_000)
def is_of_request(name: str) -> bool:
    """Whether a time that is called by a general name, such as `latency`, can be that of a whole request."""
    return stem(name) in _OF_REQUEST


def _confirmed(runs: Sheet, place: int, wholes: Sequence[Floats]) -> bool:
    """Whether another time of the record agrees with its times and tokens, so that only the rate is wrong."""
    values = (runs.optional(metric)[place] for metric in ("tpot_ms", "output_tokens", "ttft_ms", "eval_ms"))
    tpot, count, ttft, answer = map(float, values)
    by_token = [(tpot * count, float(time)) for time in (answer, *(whole[place] - ttft for whole in wholes))]
    by_parts = [(answer + ttft, float(whole[place])) for whole in wholes]
    return any(other > 0 and 1 / _AGREE < one / other < _AGREE for one, other in (*by_token, *by_parts))


def _sums_up(batch: Batch, runs: Sheet) -> Truths:
    """Which records are about many requests: their tokens may be those of all, their times those of one."""
    many = np.zeros(len(runs.records), bool)
    for metric in _MANY_REQUESTS:
        many |= ~np.isnan(runs.optional(metric))
    counts = (batch.heads[int(record)][-1] for record in runs.records)
    return many | np.fromiter((count is not None and count > 1 for count in counts), bool, len(many))


def _longest(sheet: Sheet, times: Floats) -> Floats:
    """The longest time over which a record may have counted its tokens."""
    load, prompt, ttft = (sheet.optional(metric) for metric in ("load_ms", "prompt_eval_ms", "ttft_ms"))
    known = [times + load + prompt, times + ttft, *map(sheet.optional, ("total_ms", "e2e_ms", "latency_ms"))]
    return np.where(np.isnan(known).all(axis=0), times * _BLIND, np.fmax.reduce([times, *known]))
