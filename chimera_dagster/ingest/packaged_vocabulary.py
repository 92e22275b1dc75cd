"""The words that vocabulary.yaml lists, validated as it is loaded; how a name is read by them is in other modules."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict


def _flat(entries: list[str | list[str]]) -> list[str]:
    return [name for entry in entries for name in ([entry] if isinstance(entry, str) else entry)]


class Metric(BaseModel):
    """Its canonical unit, its names, and the unit that is meant by those that imply one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str
    names: list[str]
    assumed: dict[str, str] = {}


class Vocabulary(BaseModel):
    """The whole of vocabulary.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: dict[str, dict[str, float]]
    metrics: dict[str, Metric]
    context: dict[str, list[str]]
    parameters: dict[str, list[str]]
    conditions: dict[str, list[str]]
    counts: list[str]
    failure: dict[Literal["error", "success", "status"], list[str]]
    failure_counts: list[str]
    request_counts: dict[str, list[str]]
    request_rates: list[str]
    engines: list[str]
    attached: list[str]
    holders: list[str]
    summaries: list[str]
    machines: list[str]
    capacities: list[str]
    run_columns: list[str]
    identifiers: Annotated[list[str], BeforeValidator(_flat)]
    setting_words: list[str]
    remarks: Annotated[list[str], BeforeValidator(_flat)]
    answers: list[str]
    asked: list[str]
    endings: list[str]
    row_labels: list[str]
    aggregates: dict[str, list[str]]
    fillers: list[str]
    families: list[str]
    ordinary_words: Annotated[list[str], BeforeValidator(_flat)]
    numbers: list[str] = []  # names that measure something, whatever pattern of `identifiers` they match


@cache
def packaged() -> Vocabulary:
    """The vocabulary of this package."""
    text = Path(__file__).with_name("vocabulary.yaml").read_text(encoding="utf-8")
    return Vocabulary.model_validate(yaml.load(text, yaml.CSafeLoader))
