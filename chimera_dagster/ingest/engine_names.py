"""Names of engines, which stand where models, providers and GPU interfaces may stand, too."""

import re

from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.spelling import plain_name
from chimera_dagster.ingest.vocabulary import vocabulary

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
