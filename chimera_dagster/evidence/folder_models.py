"""The spelling of a model that only a path names, by the files beside it that name the model themselves."""

import re
from collections import defaultdict

import pandas as pd

_WORD = re.compile(r"[^\W_]+")
_FEWEST = 2  # words that a folder's name and a model must share if the files name no model


def with_folder_models(measurements: pd.DataFrame) -> pd.DataFrame:
    """schemas.Measurements, in which rows of `path` or of no model take the spelling of a model that other files of
    their folder name: that of the path if it is the same name (`qwen3-coder_30b`, `qwen3-coder:30b`), or the one that
    the folder's name holds. Nothing changes if two such models match, and `model_source` stays `path`.
    """
    pairs = measurements[["file", "model", "model_source"]].drop_duplicates().astype(object)
    pairs["folder"] = [str(file).rpartition("/")[0] for file in pairs["file"]]
    by_path = pairs["model"].isna() | (pairs["model_source"] == "path")
    named = pairs[~by_path].groupby("folder")["model"].unique()
    changed: dict[str, dict[str | None, str]] = defaultdict(dict)  # by file: today's model and the other spelling
    for file, model, folder in pairs.loc[by_path, ["file", "model", "folder"]].itertuples(index=False):
        spelled = None if folder not in named.index else _spelled(model, folder.rpartition("/")[2], named[folder])
        if spelled is not None and spelled != model:
            changed[file][None if pd.isna(model) else model] = spelled
    if not changed:
        return measurements
    return _renamed(measurements, changed)


def _spelled(model: object, folder: str, models: list[str]) -> str | None:
    """The one of `models` that is spelled like `model`, or that the folder's name holds if there is no model."""
    if isinstance(model, str):
        same = [other for other in models if _words(other) == _words(model)]
    else:
        same = [other for other in models if len(_words(other)) >= _FEWEST and _holds(_words(folder), _words(other))]
    return same[0] if len(same) == 1 else None


def _words(name: str) -> list[str]:
    return _WORD.findall(name.casefold())


def _holds(words: list[str], part: list[str]) -> bool:
    return any(words[at : at + len(part)] == part for at in range(len(words) - len(part) + 1))


def _renamed(measurements: pd.DataFrame, changed: dict[str, dict[str | None, str]]) -> pd.DataFrame:
    model, source = measurements["model"], measurements["model_source"]
    if isinstance(model.dtype, pd.CategoricalDtype):
        spellings = {spelling for spelled in changed.values() for spelling in spelled.values()}
        model = model.cat.add_categories(sorted(spellings - {*model.cat.categories}))
    if isinstance(source.dtype, pd.CategoricalDtype) and "path" not in source.cat.categories:
        source = source.cat.add_categories(["path"])
    for file, spellings in changed.items():
        of_file = measurements["file"] == file
        for old, spelling in spellings.items():
            rows = of_file & (measurements["model"].isna() if old is None else measurements["model"] == old)
            rows &= measurements["model_source"].isna() | (measurements["model_source"] == "path")
            model, source = model.mask(rows, spelling), source.mask(rows, "path")
    return measurements.assign(model=model, model_source=source)
