"""A user's own vocabulary.yaml, what the names in the benchmark files mean: where it is, and how it extends ours."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from chimera_dagster.errors import SpecError
from chimera_dagster.files.opening import read_text
from chimera_dagster.ingest.packaged_vocabulary import Metric, Vocabulary
from chimera_dagster.ingest.spelling import BRACKETS, plain_name, without_aggregate
from chimera_dagster.spec.yaml_file import read_yaml
from chimera_dagster.spec.yaml_text import MOST_BYTES, load
from chimera_dagster.text.foreign import shown

if TYPE_CHECKING:
    from chimera_dagster.settings import Settings  # processes that only read files need no settings

FILE_NAME = "vocabulary.yaml"


class UserMetric(BaseModel):
    """`names` are those in the files, each with its unit there, or null if the name ends in its unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str | None = Field(default=None, description="canonical unit; only for a metric of your own")
    names: dict[str, str | None]


class UserVocabulary(BaseModel):
    """The whole of the file; each name has the meaning given here, whatever the packaged vocabulary says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: dict[str, UserMetric] = {}
    conditions: dict[str, list[str]] = {}
    parameters: dict[str, list[str]] = {}
    context: dict[Literal["model", "backend", "gpu", "prompt", "timestamp"], list[str]] = {}
    labels: list[str] = Field(default=[], description="names of numbers that count or order, and measure nothing")


def read_user_vocabulary(path: Path) -> UserVocabulary:
    """Raises SpecError that names the file, the line and the field, and repeats nothing else of the file: whoever wrote
    the sweep file says which file it is.
    """
    expected = "a mapping with 'metrics', 'conditions', 'parameters', 'context' or 'labels'"
    return read_yaml(path, UserVocabulary, expected, "See 'chimera vocabulary suggest'.", quotes_values=False)


def extended(words: Vocabulary, own: UserVocabulary, path: Path) -> Vocabulary:
    """The packaged words with the user's names of the file at `path`, which win over the packaged ones.

    Raises SpecError that names the file and the field if a unit does not fit its metric, or a section lacks that name.
    """

    def wrong(field: str, what: str) -> SpecError:  # the value is not repeated, as `read_user_vocabulary` says
        return SpecError(f"{shown(path)}, {shown(field)}: {what}.")

    def base(name: str) -> str:
        plain = plain_name(BRACKETS.sub(" ", name))
        return without_aggregate(plain)[0] or plain

    metrics, taken = dict[str, Metric](), set[str]()
    for metric, given in own.metrics.items():
        known = words.metrics.get(metric)
        unit = given.unit or (known.unit if known else None)
        if unit not in words.units or (known and unit != known.unit):
            allowed = known.unit if known else ", ".join(words.units)
            raise wrong(f"metrics.{metric}.unit", f"expected {allowed}")
        names: dict[str, str | None] = {}
        for name, unit_in in given.names.items():
            stem, _, suffix = base(name).rpartition("_")
            if (unit_in or suffix).lower() not in words.units[unit]:
                what = "the unit must be" if unit_in else "the name does not end in a unit; give it"
                allowed = ", ".join(words.units[unit])
                raise wrong(f"metrics.{metric}.names.{name}", f"{what} one of {allowed}")
            names[base(name) if unit_in else stem] = unit_in
        taken |= {*names}
        assumed = {name: unit_in for name, unit_in in names.items() if unit_in}
        packaged = known or Metric(unit=unit, names=[])
        metrics[metric] = Metric(unit=unit, names=[*names, *packaged.names], assumed=packaged.assumed | assumed)
    others = {section: getattr(own, section) for section in ("conditions", "parameters", "context")}
    for section, given in others.items():
        if section != "conditions" and (unknown := [which for which in given if which not in getattr(words, section)]):
            raise wrong(f"{section}.{unknown[0]}", f"expected one of {', '.join(getattr(words, section))}")
    return words.model_copy(
        update={
            "metrics": metrics | {name: entry for name, entry in words.metrics.items() if name not in metrics},
            "numbers": sorted(taken),
            "identifiers": [*map(plain_name, own.labels), *words.identifiers],
            **{section: _both(getattr(words, section), given) for section, given in others.items()},
        }
    )


def user_file(settings: "Settings") -> Path | None:
    """The file that CHIMERA_VOCABULARY or the sweep file names, or vocabulary.yaml beside that; None without one."""
    if settings.vocabulary is not None:
        return settings.vocabulary
    named = settings.spec.parent / (_named_in(settings.spec) or FILE_NAME)
    return named if named.name != FILE_NAME or os.path.lexists(named) else None


def _named_in(spec: Path) -> str | None:
    try:
        _, content = load(read_text(spec, MOST_BYTES))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None  # what is wrong with the sweep file is said to those who need it
    named = content.get("vocabulary") if isinstance(content, dict) else None
    return named if isinstance(named, str) else None


def _both(packaged: dict[str, list[str]], own: dict[str, list[str]]) -> dict[str, list[str]]:
    """The user's names first: the first of two roles counts."""
    first = {which: [*map(plain_name, names)] for which, names in own.items()}
    return {which: [*first.get(which, []), *packaged.get(which, [])] for which in dict.fromkeys((*first, *packaged))}
