"""Lengths of a context under names that no list has, `context_k` or `ctx (K)`, as the condition that they are."""

import json
import re
from typing import Any

import pandas as pd

DEPTH = "context_depth"
_NAMED = re.compile(r"(?:context|ctx|kontext)(?:_(?:len|length|size|depth))?(?P<unit>_k|_kib|k|_tokens|_tok)?")
_KNOWN = ("context_depth", "prompt_tokens", "seq_len", "num_ctx")
_K = 1024


def with_context_lengths(measurements: pd.DataFrame) -> pd.DataFrame:
    """schemas.Measurements, in which a number under such a name is `context_depth` in tokens: a K is 1024 of them.

    So that it is a length, along which a metric changes, and not one setting among others. Records that name a length
    by a known name keep both.
    """
    texts = measurements["conditions"].astype("object")
    changed = {text: found for text in texts.unique() if (found := _renamed(text)) is not None}
    if not changed:
        return measurements
    return measurements.assign(conditions=texts.map(lambda text: changed.get(text, text)).astype("category"))


def _renamed(text: str) -> str | None:
    setup: dict[str, Any] = json.loads(text)
    names = [name for name, value in setup.items() if isinstance(value, int | float) and _NAMED.fullmatch(name)]
    if len(names) != 1 or any(name in setup for name in _KNOWN):
        return None
    [name] = names
    match = _NAMED.fullmatch(name)
    unit = (match["unit"] or "") if match else ""
    value = setup.pop(name)
    if unit.startswith("_k") or unit == "k":
        value = value * _K
    elif not unit and value < _K:  # neither tokens nor a number of K that is said to be one
        return None
    setup[DEPTH] = int(value) if value == int(value) else value
    return json.dumps(setup, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
