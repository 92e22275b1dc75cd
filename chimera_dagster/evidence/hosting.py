"""Managed APIs: what a provider serves is measured over the internet, on a machine that nobody here knows."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

HOSTING, MANAGED = "hosting", "managed API"
_WORDS = frozenset({"managed", "managed api", "managed service", "hosted api", "cloud api", "saas"})
_PROVIDERS = frozenset(
    {
        *("anthropic", "anyscale", "azure", "azure openai", "bedrock", "aws bedrock", "amazon bedrock", "cerebras"),
        *("deepinfra", "fireworks", "fireworks ai", "google ai studio", "groq", "groqcloud", "nebius", "novita"),
        *("octoai", "openrouter", "replicate", "sambanova", "sambanova cloud", "together", "together ai", "vertex"),
        *("vertex ai", "xai"),
    }
)
# Conditions that may name who serves a model; elsewhere such a word may be a maker or a kind of hardware
_SERVES = ("provider", "service", "vendor", "platform", "deployment", "config", "target", "endpoint", "api", "variant")
# Models that no one else can run. `openai` as an engine may be a client of one's own server
_CLOSED = re.compile(
    r"(?:^|[/: ])(?:gpt-?(?:3\.5|4(?!all)|5)|chatgpt|o[134](?:-(?:mini|preview|pro))?(?:$|-20)|claude[-_ ]|gemini[-_ ]"
    r"|grok-?[2-9])",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[\s_-]+")


def with_hosting(measurements: pd.DataFrame) -> pd.DataFrame:
    """schemas.Measurements, in which what managed APIs served has the condition `hosting`, if there are other rows too.

    So that it is not compared with servers of one's own. It is told by the engine, by a condition that says who serves
    the model, by the word `managed`, or by models that have no other home.
    """
    columns = ["model", "backend", "conditions"]
    said = measurements[columns].astype("object")
    known = said.drop_duplicates()
    known = known.where(known.notna(), None)
    managed = {tuple(row): is_managed(*row) for row in known.itertuples(index=False, name=None)}
    if not any(managed.values()) or all(managed.values()):
        return measurements
    rows = said.where(said.notna(), None).itertuples(index=False, name=None)
    changed = [_with_hosting(row[2]) if managed[row] else row[2] for row in rows]
    return measurements.assign(conditions=pd.Series(changed, index=measurements.index).astype("category"))


def is_managed(model: str | None, backend: str | None, conditions: str) -> bool:
    setup: Mapping[str, Any] = json.loads(conditions)
    if (model and _CLOSED.search(model)) or (backend and _plain(backend) in _PROVIDERS):
        return True
    texts = {name: _plain(value) for name, value in setup.items() if isinstance(value, str)}
    return any(text in _WORDS or (name in _SERVES and text in _PROVIDERS) for name, text in texts.items())


def _plain(text: str) -> str:
    return _SEPARATORS.sub(" ", text).strip().casefold()


def _with_hosting(conditions: str) -> str:
    return json.dumps(
        {**json.loads(conditions), HOSTING: MANAGED}, sort_keys=True, ensure_ascii=True, separators=(",", ":")
    )
