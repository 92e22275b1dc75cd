"""Names of engines, which stand where models, providers and GPU interfaces may stand, too."""

import re

from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.spelling import plain_name
from chimera_dagster.ingest.vocabulary import vocabulary

_NO_ENGINE = re.compile(
    r"https?://|www\.|bench(?:mark)?s?\b|^(?:python|java|javascript|rust|bash|pytest)(?:[ _-]?v?\d[\d.]*)?$",
    re.IGNORECASE,
)
_MOST_WORDS = 8
_REMARK = re.compile(r"[,;(\u2013\u2014]| - ")
_VERSION = re.compile(r"_v?\d[\w.]*$")


@remembered(maxsize=1_000)
def is_engine_with_version(text: str) -> bool:
    """Whether a text is an engine's name, perhaps with a version: `vLLM 0.8.5`."""
    plain = plain_name(text)
    return any(plain == engine or plain.startswith(f"{engine}_") for engine in vocabulary().engines)


@remembered(maxsize=1_000)
def is_engine_alone(text: str) -> bool:
    """Whether a text is an engine's name, perhaps with a version, and cannot be that of a model or its family."""
    engine = plain_name(text)
    engine = engine if engine in vocabulary().engines else _VERSION.sub("", engine)
    return engine in vocabulary().engines and engine not in vocabulary().families


@remembered(maxsize=10_000)
def engine_said(text: str) -> str | None:
    """The engine that a text under a name such as `framework` says; None for a sentence, a benchmark or a language."""
    if len(text.split()) > _MOST_WORDS:
        text = _REMARK.split(text, maxsplit=1)[0].strip()
        return text if is_engine_with_version(text) else None
    return text if is_engine_with_version(text) or _NO_ENGINE.search(text.strip()) is None else None
