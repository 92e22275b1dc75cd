"""A user's own vocabulary.yaml: what the names in the benchmark files mean."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from chimera_dagster.spec.yaml_file import read_yaml

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
    """Raises SpecError that names the file, the line and the field."""
    expected = "a mapping with 'metrics', 'conditions', 'parameters', 'context' or 'labels'"
    return read_yaml(path, UserVocabulary, expected, "See 'chimera vocabulary suggest'.")


def user_file(settings: "Settings") -> Path | None:
    """The file that CHIMERA_VOCABULARY or the sweep file names, or vocabulary.yaml beside that; None without one."""
    if settings.vocabulary is not None:
        return settings.vocabulary
    named = settings.spec.parent / (_named_in(settings.spec) or FILE_NAME)
    return named if named.exists() or named.name != FILE_NAME else None


def _named_in(spec: Path) -> str | None:
    try:
        content = yaml.load(spec.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None  # what is wrong with the sweep file is said to those who need it
    named = content.get("vocabulary") if isinstance(content, dict) else None
    return named if isinstance(named, str) else None
