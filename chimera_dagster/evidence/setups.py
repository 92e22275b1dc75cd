"""What a run was measured under, by name: its conditions, its engine, its GPU and, where they count, its parameters."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

Value = int | float | str
Setup = dict[str, Value]

_NO_LIMIT = ("inf", "Infinity", "infinity")  # a request rate that isn't limited needs no mention
_LONGEST = 40

# Said wherever a value is stated; others only if they differ within the folder.
ALWAYS_SAID = frozenset(
    {
        *("concurrency", "request_rate", "prompt_tokens", "output_tokens", "context_depth", "quantization"),
        *("task", "score_name"),
    }
)
# Conditions that are levels of a load or a length: values over them are a trend.
TRENDS = (
    *("concurrency", "request_rate", "batch_size", "micro_batch_size"),
    *("context_depth", "prompt_tokens", "prompt_words", "seq_len", "output_tokens"),
)
# What is only told apart: two data sets or tasks are not levels of one thing.
APART = frozenset(
    {"dataset", "task", "score_name", "n_shot", "phase", "validity", "load_pattern", "settings", "hosting"}
)


@lru_cache(maxsize=10_000)
def _parsed(text: str) -> Setup:
    return json.loads(text)


def setup_of(backend: object, gpu: object, conditions: object, params: object = "{}") -> Setup:
    """Everything that is known of a run besides its model, by name; `conditions` and `params` are JSON."""
    named = {name: value for name, value in (("backend", backend), ("gpu", gpu)) if isinstance(value, str)}
    return {**_parsed(str(params)), **_parsed(str(conditions)), **named}


def canonical(setup: Mapping[str, object]) -> str:
    return json.dumps(setup, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def setups_of(rows: pd.DataFrame, *, params: bool = True) -> tuple["np.ndarray", list[Setup]]:
    """The place of each row's setup among those found, in the order of their canonical JSON."""
    columns = ["backend", "gpu", "conditions", *(["params"] if params else [])]
    ids = np.zeros(len(rows), dtype="int64")
    for column in columns:
        codes = pd.factorize(rows[column])[0] + 1
        ids = pd.factorize(ids * (int(codes.max(initial=0)) + 1) + codes)[0]
    first = np.unique(ids, return_index=True)[1]
    named = (rows[column].iloc[first].tolist() for column in columns)
    found = [setup_of(*row) for row in zip(*named, strict=True)]
    names = [canonical(setup) for setup in found]
    order = sorted(range(len(found)), key=lambda place: names[place])
    rank = np.empty(len(found), dtype="int64")
    rank[order] = np.arange(len(found))
    return rank[ids], [found[place] for place in order]


def varying(setups: Iterable[Mapping[str, object]]) -> frozenset[str]:
    """Names whose value differs between setups, or that only some of them have."""
    every = list(setups)
    names = {name for setup in every for name in setup}
    return frozenset(name for name in names if len({setup.get(name) for setup in every}) > 1)


def said(setups: Iterable[Mapping[str, object]]) -> frozenset[str]:
    """The names that a statement about one of these setups has to name."""
    every = list(setups)
    limited = {name for setup in every for name, value in setup.items() if value not in _NO_LIMIT}
    return varying(every) | (ALWAYS_SAID & limited)


def setup_words(setup: Mapping[str, object], shown: Iterable[str] | None = None) -> str:
    """`concurrency=8, quantization=Q4_K_M, backend=vllm`; of `shown` names only, if they are given."""
    names = set(setup) if shown is None else set(shown)
    return ", ".join(
        f"{name}={value_words(value)}" for name, value in sorted(setup.items(), key=_order) if name in names
    )


def value_words(value: object) -> str:
    """A value in at most 40 characters; a number without the digits that only its binary form has."""
    if isinstance(value, float):
        return f"{value:.7g}"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def by_value(setup: Mapping[str, object]) -> list[tuple[int, str, float, str]]:
    """A key that sorts setups by the values of their names, numbers as numbers."""
    return [
        (*_order(item), float(item[1]), "") if isinstance(item[1], int | float) else (*_order(item), 0.0, str(item[1]))
        for item in sorted(setup.items(), key=_order)
    ]


def _order(item: tuple[str, object]) -> tuple[int, str]:
    name = item[0]
    return (TRENDS.index(name) if name in TRENDS else len(TRENDS) + (name in ("backend", "gpu"))), name


def range_words(values: Sequence[Value | None]) -> str:
    """`8`, `1 and 8`, `1 to 32`, `Q4_K_M and Q8_0`; of more than three texts the rest as a count."""
    known = sorted({value for value in values if value is not None}, key=lambda value: (isinstance(value, str), value))
    if len(known) > 2 and not any(isinstance(value, str) for value in known):
        return f"{value_words(known[0])} to {value_words(known[-1])}"
    shown = [value_words(value) for value in known[:3]]
    if len(known) > 3:
        return f"{', '.join(shown)} and {len(known) - 3} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
