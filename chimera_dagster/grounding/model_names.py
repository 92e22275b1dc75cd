"""Names of models as prose writes them: tags, parts of tags, and names of models that are not there."""

import re
from functools import lru_cache

from chimera_dagster.grounding.lexicon import lexicon
from chimera_dagster.ingest.vocabulary import vocabulary


@lru_cache(maxsize=64)
def model_pattern(models: tuple[str, ...]) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    """Patterns of model names, the longest first: each tag, then each family with the tags that it may mean."""
    spelled: dict[str, list[str]] = {}
    for model in models:
        # A part of a name at its `:` names the model where no other begins so.
        for name in (model, model.rpartition("/")[2], *_heads(model)):
            spelled.setdefault(_bare(name), []).append(model)
    found: list[tuple[re.Pattern[str], tuple[str, ...]]] = []
    for name in sorted(spelled, key=lambda name: (-len(name), name)):
        tags = tuple(dict.fromkeys(spelled[name]))
        exact = tuple(tag for tag in tags if _bare(tag) == name)
        # `gemma3 270m`, `gemma3-270M` and `Gemma 3 270m` are gemma3:270m
        parts = [re.escape(part) for part in name.split(" ")]
        parts[0] = re.sub(r"(?<=[a-z])(?=\d)", r"[\\s-]?", parts[0])
        body = r"[\s:/@_-]+".join(parts)
        pattern = re.compile(rf"(?<![A-Za-z0-9_/.]){body}(?![A-Za-z0-9_]|[:-][A-Za-z0-9]|\.\d)", re.IGNORECASE)
        found.append((pattern, exact or tags))
    return tuple(found)


def _bare(name: str) -> str:
    """A name with its separators as spaces, by which spellings of one tag are equal."""
    return " ".join(part for part in re.split(r"[:/@\s_-]+", name.lower()) if part)


def _heads(model: str) -> list[str]:
    family, _, tag = model.rpartition("/")[2].partition(":")
    return [family, *([f"{family} {tag.split('-')[0]}"] if "-" in tag else [])]


@lru_cache(maxsize=1)
def unknown_model() -> re.Pattern[str]:
    families = "|".join(sorted({*vocabulary().families, *lexicon().model_families}, key=len, reverse=True))
    size = r"\d+(?:\.\d+)?[bm](?:-[\w.]+)*"
    return re.compile(
        rf"(?<![A-Za-z0-9_/])(?:(?:{families})(?:[\s-]?\d+(?:\.\d+)*o?)?(?:[:\s-]+{size}|:[\w.-]*\w)?(?![A-Za-z0-9])"
        rf"|[a-z][\w.-]*:{size}(?!\w)|[a-z][\w.-]*:latest(?!\w))",
        re.IGNORECASE,
    )
