"""Which files that name no model are about one model: those that a script writes for each of its settings."""

import re
from collections import defaultdict
from collections.abc import Sequence

import pandas as pd

from chimera_dagster.evidence.setups import Setup, canonical, setups_of

_WORD = re.compile(r"[^\W_]+")


def one_model_each(measurements: pd.DataFrame) -> list[tuple[str, ...]]:
    """The files with measurements none of which names a model, together where they are about the same one.

    That is assumed of files of one folder that are called by their own settings (`awq_chat_8.json` says the conditions
    awq, chat and 8), if no two of them have the same: a script that also changed the model would call them by it, too.
    Files and groups are sorted.
    """
    named = set(measurements.loc[measurements["model"].notna().to_numpy(), "file"].unique())
    rows = measurements[~measurements["file"].isin(list(named)).to_numpy()]
    place, setups = setups_of(rows)
    of_file: dict[str, set[int]] = defaultdict(set)
    pairs = pd.DataFrame({"file": rows["file"].astype("str").to_numpy(), "place": place}).drop_duplicates()
    for file, at in pairs.itertuples(index=False):
        of_file[str(file)].add(int(at))
    alike: dict[tuple[str, frozenset[str]], list[str]] = defaultdict(list)
    for file in sorted(of_file):
        folder = file.rpartition("/")[0]
        said = [setups[at] for at in of_file[file]]
        alike[folder, frozenset(name for setup in said for name in setup)].append(file)
    found: list[tuple[str, ...]] = []
    for (_, names), files in alike.items():
        said = [[setups[at] for at in of_file[file]] for file in files]
        together = len(files) > 1 and names and _differ(said) and _say_settings(files, said)
        found += [tuple(files)] if together else [(file,) for file in files]
    return sorted(found)


def _differ(files: list[list[Setup]]) -> bool:
    """Whether no setup with conditions is that of two files."""
    said = [{canonical(setup) for setup in setups if setup} for setups in files]
    return all(said) and sum(map(len, said)) == len(set[str]().union(*said))


def _say_settings(files: Sequence[str], said: Sequence[list[Setup]]) -> bool:
    """Whether the words of each file's name are values of its conditions, apart from those that all names have."""
    words = [set(_WORD.findall(file.rpartition("/")[2].rpartition(".")[0].casefold())) for file in files]
    common = set[str].intersection(*words)
    values = [{word for setup in setups for value in setup.values() for word in _words_of(value)} for setups in said]
    return all(own - common <= of_file for own, of_file in zip(words, values, strict=True))


def _words_of(value: object) -> list[str]:
    return _WORD.findall(str(value).casefold())
