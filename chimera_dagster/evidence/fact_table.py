"""The table of facts: statements that code can prove, ranked, each with the records that it is computed from."""

import json
from collections.abc import Mapping
from math import isfinite

import pandas as pd

from chimera_dagster.evidence.fact_context import prepare, sources_of
from chimera_dagster.evidence.fact_rules import RULES, Statement
from chimera_dagster.evidence.problems import Problems, all_of
from chimera_dagster.schemas import Facts

# Facts of one kind and metric, before the other kinds have their turn; a reader asks for the values first.
_WAVE, _WAVE_OF_VALUES = 4, 8
_VALUES = ("model_mean", "stated")


def find_facts(
    files: pd.DataFrame,
    statistics: pd.DataFrame,
    measurements: pd.DataFrame,
    limit: int = 40,
    duplicates: Mapping[str, str] | None = None,
    problems: Problems | None = None,
) -> pd.DataFrame:
    """schemas.Facts from schemas.BenchmarkFiles, DataSummary and Measurements, most important first; at most `limit`.

    Kinds are ranked as `fact_rules.RULES` lists them, but after eight values (or four facts of another kind) of one
    metric the other kinds have their turn: otherwise a folder with many models would have nothing but means. Texts hold
    no measured figure; model tags, parameters and conditions may hold digits. Equal tables in any order of rows give
    equal facts. `duplicates` are those of `duplicate_runs` if the caller knows them. A rule that fails is noted in
    `problems`, if they are given.
    """
    data = prepare(files, statistics, measurements, duplicates, limit)
    ranked: list[tuple[int, int, Statement]] = []
    for number, rule in enumerate(RULES):
        places: dict[tuple[str, str | None], int] = {}
        for statement in all_of(problems, "facts", rule, data):
            if all(isfinite(value) for value in statement.values.values()):
                of_kind = (statement.kind, statement.metric)
                place = places[of_kind] = places.get(of_kind, -1) + 1
                wave = _WAVE_OF_VALUES if statement.kind in _VALUES else _WAVE
                ranked.append((place // wave, number, statement))
    ranked.sort(key=lambda item: item[:2])
    rows = [_row(number, item[2]) for number, item in enumerate(ranked[:limit], start=1)]
    columns = list(Facts.to_schema().columns)
    frame = pd.DataFrame.from_records(rows, columns=columns)
    texts = [name for name in columns if name not in ("value", "n")]
    return frame.astype(dict.fromkeys(texts, "str") | {"value": "float64", "n": "int64"})


def _row(number: int, fact: Statement) -> tuple[object, ...]:
    # A model tag may hold braces, which would be taken for the name of a value.
    words = fact.text.replace("{", "{{").replace("}", "}}")
    template = f"{words}: {{value}}{fact.note}"
    values = {name: value if isinstance(value, int) else float(value) for name, value in fact.values.items()}
    value, sources = float(fact.values["value"]), json.dumps(sources_of(fact.rows), ensure_ascii=False)
    head = (f"F{number}", fact.kind, fact.text, template, value, json.dumps(values), fact.unit, fact.n)
    return (*head, fact.model, fact.metric, fact.aggregate, fact.params, fact.conditions, fact.over, sources)
