"""Settings that only the names of folders say: `lynx-7b-kv8` and `lynx-7b-kv4` beside each other."""

import json
import re
from collections import defaultdict

import pandas as pd

_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
# What numbers a folder or says when it was written
_COUNTS = re.compile(r"\d+|(?:run|rep|repeat|trial|iter|iteration|seed|attempt|try|day|session|pass|part|v)\d*")
_FEWEST = 2  # words of a model's name, or it is any word of a folder
_KEY = "variant"


def with_folder_variants(measurements: pd.DataFrame) -> pd.DataFrame:
    """schemas.Measurements, in which folders of one model that were measured under other settings are told apart.

    If two folders beside each other hold runs of the same model under all the same conditions and parameters, and their
    names are the model's with other words, then these words are what was different: the condition `variant`. Numbers of
    runs and dates do not count.
    """
    variants = _variants(measurements)
    if not variants:
        return measurements
    pairs = list(zip(measurements["file"].astype("str"), measurements["model"].astype("object"), strict=True))
    said = measurements["conditions"].astype("str").tolist()
    changed = [
        _with_variant(text, variants[pair]) if pair in variants else text
        for pair, text in zip(pairs, said, strict=True)
    ]
    return measurements.assign(conditions=pd.Series(changed, index=measurements.index).astype("category"))


def _variants(measurements: pd.DataFrame) -> dict[tuple[str, object], str]:
    """The variant of each file and model that has one."""
    columns = ["file", "model", "backend", "gpu", "conditions", "params"]
    rows = measurements.loc[measurements["model"].notna(), columns].astype("object").drop_duplicates()
    files: dict[tuple[str, str], set[str]] = defaultdict(set)
    setups: dict[tuple[str, str], set[tuple[object, ...]]] = defaultdict(set)
    words: dict[tuple[str, str], str] = {}
    for file, model, *setup in rows.fillna("").itertuples(index=False):
        found = _folder_of(file, model)
        if found:
            folder, rest = found
            files[folder, model].add(file)
            setups[folder, model].add(tuple(setup))
            words[folder, model] = rest
    alike: dict[tuple[object, ...], list[tuple[str, str]]] = defaultdict(list)
    for (folder, model), said in setups.items():
        if not any(f'"{_KEY}":' in str(setup) for setup in said):
            alike[folder.rpartition("/")[0], model, frozenset(said)].append((folder, model))
    return {
        (file, model): words[folder, model]
        for group in alike.values()
        if len({words[each] for each in group}) > 1
        for folder, model in group
        if words[folder, model]
        for file in files[folder, model]
    }


def _folder_of(file: str, model: str) -> tuple[str, str] | None:
    """The nearest folder of a file whose name holds the model's, and what else it says; None without one."""
    name = _WORD.findall(model.casefold())
    folder = file.rpartition("/")[0]
    while folder and len(name) >= _FEWEST:
        words = _WORD.findall(folder.rpartition("/")[2].casefold())
        for at in range(len(words) - len(name) + 1):
            if words[at : at + len(name)] == name:
                rest = [word for word in words[:at] + words[at + len(name) :] if not _COUNTS.fullmatch(word)]
                return folder, "-".join(rest)
        folder = folder.rpartition("/")[0]
    return None


def _with_variant(conditions: str, variant: str) -> str:
    return json.dumps(
        {**json.loads(conditions), _KEY: variant}, sort_keys=True, ensure_ascii=True, separators=(",", ":")
    )
