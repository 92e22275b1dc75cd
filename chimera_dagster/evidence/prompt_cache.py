"""Which runs had an answer so soon that a cache must have had their prompt: by what files say, or by its first run."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.runs import coded
from chimera_dagster.schemas import LOAD, TTFT

# No cache is seen; the first request of a prompt, and those that a cache helped; the first and the others of a file
# that asks one prompt alone, where the first may as well have warmed something up; what the file says a cache helped
NONE, FIRST, REPEAT, FIRST_ALONE, REPEAT_ALONE, SAID = range(6)
CACHED = (REPEAT, SAID)
COLD_TTFT, CACHED_TOKENS = "ttft_cold_ms", "prompt_cached_tokens"
_PROMPT_EVAL, _TOKENS = "prompt_eval_ms", "prompt_tokens"
_LEAST_RATIO = 2.0  # of the first time to the longest of the repeats
_LEAST_SHARE = 0.8  # of the prompts of a model that are asked again
_LEAST_PROMPTS = 2  # of all models: a single one is an outlier
_LEAST_TOKENS = 256  # of a prompt: reading fewer takes no time that a cache could save
_LEAST_CACHED = 0.5  # of a prompt's tokens


class PromptCache(NamedTuple):
    """Of each run its `kind`, and the `fresh` time to first token in ms of a prompt that no cache has.

    `fresh` is only of runs that a cache helped and whose file or group tells it, NaN for the others; of runs that share
    it, `once` says which one stands for it.
    """

    kind: NDArray[np.int64]
    fresh: NDArray[np.float64]
    once: NDArray[np.bool_]


def cache_of_prompts(runs: pd.DataFrame) -> PromptCache:
    """What caches did for each run, with the columns of FindingContext.runs.

    A file says it by the tokens of the prompt that a cache had, half of them or more, or by the time to first token of
    the first request beside that of the run: twice as long or more, with a prompt of 256 tokens or more.

    Else, of a model whose prompts are asked again in one file: with most of them, the first request takes at least
    twice as long to its first token as any repeat, what a load took left out. Cold starts do not count, nor do short
    prompts beside long ones. If no prompt is named, those of as many tokens are taken for one. A folder with fewer than
    two such prompts has no cache.
    """
    fresh = np.full(len(runs), np.nan)
    kind = _by_repeats(runs, fresh)
    said = _said(runs)
    kind[said] = SAID
    cold = runs[COLD_TTFT].to_numpy("float64")
    fresh = np.where(said, np.where(cold > 0, cold, np.nan), fresh)
    return PromptCache(kind, fresh, _first_of_equals(runs, np.where(said, fresh, np.nan)))


def _said(runs: pd.DataFrame) -> NDArray[np.bool_]:
    """Which runs a cache helped, by what their own records say."""
    tokens, cached = (runs[name].to_numpy("float64") for name in (_TOKENS, CACHED_TOKENS))
    cold, usual = (runs[name].to_numpy("float64") for name in (COLD_TTFT, TTFT))
    is_long = np.isnan(tokens) | (tokens >= _LEAST_TOKENS)
    with np.errstate(invalid="ignore"):
        return (cached >= _LEAST_CACHED * tokens) & (tokens > 0) | (cold >= _LEAST_RATIO * usual) & (
            usual > 0
        ) & is_long


def _first_of_equals(runs: pd.DataFrame, fresh: NDArray[np.float64]) -> NDArray[np.bool_]:
    """A file repeats what its first request took beside every run: it counts once for each model, setting and time."""
    table = pd.DataFrame({name: coded(runs[name])[0] for name in ("file", "model", "params", "backend", "gpu")})
    table = table.assign(setting=runs["setting"].to_numpy("int64"), fresh=fresh)
    return ~np.isnan(fresh) & ~table.duplicated().to_numpy()


def _by_repeats(runs: pd.DataFrame, fresh: NDArray[np.float64]) -> NDArray[np.int64]:
    """The kinds of runs by the first request of each prompt; `fresh` gets its time."""
    found = np.zeros(len(runs), dtype="int64")
    tokens = runs[_TOKENS].to_numpy("float64")
    named = runs["prompt"].notna().to_numpy()
    known = (named | ~np.isnan(tokens)) & ~runs["cold"].to_numpy("bool") & runs["model"].notna().to_numpy()
    times = runs[_PROMPT_EVAL].to_numpy("float64")
    waits = (runs[TTFT] - runs[LOAD].fillna(0.0)).to_numpy("float64")
    times = np.where(np.isnan(times), waits, times)
    places = np.flatnonzero(known & (times > 0))
    if not len(places):
        return found
    columns = [coded(runs[name])[0][places] for name in ("file", "model", "params", "backend", "gpu")]
    length = np.where(named, 0, np.nan_to_num(tokens)).astype("int64")[places]
    groups = np.unique(
        np.stack([*columns, runs["setting"].to_numpy("int64")[places], length]), axis=1, return_inverse=True
    )[1].ravel()
    table = pd.DataFrame(
        {
            "group": groups,
            "time": times[places],
            "file": columns[0],
            "model": columns[1],
            "engine": columns[3],
            "long": ~(tokens[places] < _LEAST_TOKENS),
            "place": places,
        }
    )
    first = table.groupby("group").head(1).set_index("group")
    repeats = table[table.duplicated("group")]
    if repeats.empty:
        return found
    longest = repeats.groupby("group")["time"].max()
    asked_again = first.loc[longest.index]
    is_cached = asked_again["time"] >= _LEAST_RATIO * longest
    whose = [asked_again["model"], asked_again["engine"]]
    # short prompts say nothing of a cache if there are long ones
    telling = asked_again["long"] | ~asked_again["long"].groupby(whose).transform("any")
    shares = is_cached[telling].groupby([each[telling] for each in whose]).agg(["mean", "sum"])
    models = shares.index[(shares["mean"] >= _LEAST_SHARE) & (shares["sum"] > 0)]
    if shares.loc[models, "sum"].sum() < _LEAST_PROMPTS:
        return found
    of_models = pd.MultiIndex.from_arrays(whose).isin(models)
    kept = asked_again[is_cached & telling & of_models]
    alone = kept.groupby(["file", "model"])["time"].transform("size") < _LEAST_PROMPTS
    of_repeats = repeats[repeats["group"].isin(kept.index)]
    found[kept["place"].to_numpy()] = np.where(alone, FIRST_ALONE, FIRST)
    found[of_repeats["place"].to_numpy()] = np.where(alone.loc[of_repeats["group"]], REPEAT_ALONE, REPEAT)
    fresh[of_repeats["place"].to_numpy()] = kept["time"].loc[of_repeats["group"]].to_numpy()
    return found
