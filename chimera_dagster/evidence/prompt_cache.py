"""Which runs asked a prompt again and had an answer so soon that a cache must have had the prompt."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.runs import coded
from chimera_dagster.schemas import LOAD, TTFT

# No cache is seen; the first request of a prompt, and those that a cache helped; the first and the others of a file
# that asks one prompt alone, where the first may as well have warmed something up
NONE, FIRST, REPEAT, FIRST_ALONE, REPEAT_ALONE = range(5)
_PROMPT_EVAL, _TOKENS = "prompt_eval_ms", "prompt_tokens"
_LEAST_RATIO = 2.0  # of the first time to the longest of the repeats
_LEAST_SHARE = 0.8  # of the prompts of a model that are asked again
_LEAST_PROMPTS = 2  # of all models: a single one is an outlier


def cache_of_prompts(runs: pd.DataFrame) -> NDArray[np.int64]:
    """The kind of each run, with the columns of FindingContext.runs.

    Of a model whose prompts are asked again in one file: with most of them, the first request takes at least twice as
    long to its first token as any repeat, what a load took left out. Cold starts do not count. If no prompt is named,
    those of as many tokens are taken for one. A folder with fewer than two such prompts has no cache.
    """
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
        {"group": groups, "time": times[places], "file": columns[0], "model": columns[1], "place": places}
    )
    first = table.groupby("group").head(1).set_index("group")
    repeats = table[table.duplicated("group")]
    if repeats.empty:
        return found
    longest = repeats.groupby("group")["time"].max()
    asked_again = first.loc[longest.index]
    is_cached = asked_again["time"] >= _LEAST_RATIO * longest
    shares = is_cached.groupby(asked_again["model"]).agg(["mean", "sum"])
    models = shares.index[(shares["mean"] >= _LEAST_SHARE) & (shares["sum"] > 0)]
    if shares.loc[models, "sum"].sum() < _LEAST_PROMPTS:
        return found
    kept = asked_again[is_cached & asked_again["model"].isin(models)]
    alone = kept.groupby(["file", "model"])["time"].transform("size") < _LEAST_PROMPTS
    of_repeats = repeats[repeats["group"].isin(kept.index)]
    found[kept["place"].to_numpy()] = np.where(alone, FIRST_ALONE, FIRST)
    found[of_repeats["place"].to_numpy()] = np.where(alone.loc[of_repeats["group"]], REPEAT_ALONE, REPEAT)
    return found
