"""The spelling of a model that only a path names, by the files beside it that name the model themselves."""

import json
import re
from collections import defaultdict
from typing import Any

import pandas as pd

_WORD = re.compile(r"[^\W_]+")
_LLAMA_BENCH = '"tool":"llama-bench"'
_FEWEST = 2  # words that a folder's name and a model must share if the files name no model


def with_folder_models(measurements: pd.DataFrame) -> pd.DataFrame:
    """schemas.Measurements, in which rows of `path` or of no model take a model that other files of their folder name.

    That is the one with the name of the path (`qwen3-coder_30b`, `qwen3-coder:30b`), the one that the folder's name
    holds, or the only one that files of the same tool name, as a tool writes all files of a run into one folder; a
    path may end in the concurrency behind it (`lynx-7b-8`). Nothing changes if two such models match, and
    `model_source` stays `path`. Where llama-bench gives the type of a model alone, see `_by_size`.
    """
    measurements = _by_size(measurements)
    pairs = measurements[["file", "model", "model_source", "conditions"]].drop_duplicates().astype(object)
    pairs["folder"] = [str(file).rpartition("/")[0] for file in pairs["file"]]
    conditions = [json.loads(text) for text in pairs["conditions"]]
    pairs["tool"] = [each.get("tool", "") for each in conditions]
    pairs["load"] = [str(each.get("concurrency", "")) for each in conditions]
    by_path = pairs["model"].isna() | (pairs["model_source"] == "path")
    named = pairs[~by_path].groupby("folder")["model"].unique()
    below = _below(named)
    of_tools = pairs[~by_path & (pairs["tool"] != "")].groupby(["folder", "tool"])["model"].unique()
    changed: dict[str, dict[str | None, str]] = defaultdict(dict)  # by file: today's model and the other spelling
    columns = ["file", "model", "folder", "tool", "load"]
    for file, model, folder, tool, load in pairs.loc[by_path, columns].drop_duplicates().itertuples(index=False):
        models = named[folder] if folder in named.index else below.get(folder, [])
        name = file.rpartition("/")[2]
        spelled = _spelled(model, folder.rpartition("/")[2], models) or _of_folder(model, name, models)
        if spelled is None and folder and (folder, tool) in of_tools.index:
            models = of_tools[folder, tool]
            spelled = _of_load(model, load, models) or _of_run(model, name, models)
        if spelled is not None and spelled != model:
            changed[file][None if pd.isna(model) else model] = spelled
    if not changed:
        return measurements
    return _renamed(measurements, changed)


def _below(named: "pd.Series[Any]") -> dict[str, list[str]]:
    """The models that files in the folders of a folder name."""
    found: dict[str, set[str]] = defaultdict(set)
    for folder, models in named.items():
        above = str(folder).rpartition("/")[0]
        if above:
            found[above].update(models)
    return {folder: sorted(models) for folder, models in found.items()}


def _spelled(model: object, folder: str, models: list[str]) -> str | None:
    """The only one of `models` with the same words as `model`; without a model, the only one in the folder's name."""
    if isinstance(model, str):
        same = [other for other in models if _words(other) == _words(model)]
    else:
        same = [other for other in models if len(_words(other)) >= _FEWEST and _holds(_words(folder), _words(other))]
    return same[0] if len(same) == 1 else None


def _of_run(model: object, file: str, models: list[str]) -> str | None:
    """The only model of a run; None if there are more, or if the file's own name says another."""
    says_itself = isinstance(model, str) and _holds(_words(file), _words(model))
    return models[0] if len(models) == 1 and not says_itself else None


def _of_load(model: object, load: str, models: list[str]) -> str | None:
    """The only model to whose name that of the path adds the concurrency alone."""
    if not isinstance(model, str) or not load:
        return None
    found = [other for other in models if _words(model) in ([*_words(other), load], [*_words(other), f"c{load}"])]
    return found[0] if len(found) == 1 else None


def _by_size(measurements: pd.DataFrame) -> pd.DataFrame:
    """A type such as `llama 1B Q4_K - Medium`, by which llama-bench's Markdown names a model, as the model's file.

    Its other formats have the file's name. It is the same model if a record of the same folder has the same number of
    parameters and the same size, and no other file of the folder has them.
    """
    columns = ["file", "model", "labels", "conditions"]
    pairs = measurements.loc[measurements["model"].notna(), columns].drop_duplicates().astype(object)
    pairs = pairs[[_LLAMA_BENCH in text for text in pairs["conditions"]]]
    names: dict[tuple[object, ...], set[str]] = defaultdict(set)
    places: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for file, model, text, _ in pairs.itertuples(index=False):
        labels = json.loads(text)
        size = labels.get("model_params_m"), labels.get("model_size_mib")
        if None not in size:
            names[file.rpartition("/")[0], *size].add(model)
            places[file.rpartition("/")[0], *size].add(file)
    model = measurements["model"]
    for key, found in names.items():
        files = [name for name in found if " " not in name]
        if len(files) == 1 and len(found) > 1:
            rows = measurements["file"].isin(places[key]) & model.isin(found - {*files})
            model = model.mask(rows, files[0])
    return measurements.assign(model=model)


def _words(name: str) -> list[str]:
    return _WORD.findall(name.casefold())


def _of_folder(model: object, file: str, models: list[str]) -> str | None:
    """The only model in a folder, if the path's name for it is the folder's and says more: `lynx-7b-kv8`."""
    if len(models) != 1 or not isinstance(model, str) or _holds(_words(file), _words(model)):
        return None
    part = _words(models[0])
    return models[0] if len(part) >= _FEWEST and _words(model)[: len(part)] == part else None


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
