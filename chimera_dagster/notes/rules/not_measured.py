"""What no file measures, said once."""

from collections.abc import Iterator

from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Phrase, capital, listed, phrase
from chimera_dagster.schemas import E2E, OUTPUT, TPOT, TTFT

_WEIGHT = 100.0
_LONG_CONTEXT = 8_192  # tokens
# What a file measures if it has one of the metrics
_BY_METRIC: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("GPU use", ("gpu_util_pct",)),
    ("GPU memory", ("gpu_mem_used_mib",)),
    ("power", ("power_w", "energy_j", "energy_per_token_j", "energy_per_request_j")),
    ("quality", ("accuracy", "score", "error_score", "perplexity")),
    ("time to first token", (TTFT, "ttfa_ms", "prompt_eval_ms")),
)
_COSTS = ("GPU use", "GPU memory", "power")
_LOAD = "throughput under load"
_CONTEXT = "long contexts"
_UNDER_LOAD = (OUTPUT, "requests_per_s", "total_tok_s")
_SPEED = (TTFT, TPOT, E2E, OUTPUT, "decode_tok_s", "prefill_tok_s", "latency_ms")


def not_measured(data: NoteContext) -> Iterator[Note]:
    """One note with everything that is missing and what can't be said without it."""
    absent = missing(data)
    if not absent:
        return
    runs, files = data.size
    yield Note(
        "not_measured",
        "not_measured",
        _WEIGHT,
        _wordings(data, absent),
        Scope(tuple(data.models), n=runs, files=files),
    )


def missing(data: NoteContext) -> list[str]:
    """What is absent from every file, in the order in which it is said; empty if nothing at all was measured."""
    measured = data.measured
    if measured.isdisjoint({*_SPEED, *(name for _, names in _BY_METRIC for name in names)}):
        return []
    found = [what for what, metrics in _BY_METRIC if measured.isdisjoint(metrics)]
    speed = not measured.isdisjoint(_SPEED)
    if speed and measured.isdisjoint(_UNDER_LOAD) and data.largest("concurrency") <= 1:
        found.append(_LOAD)
    if speed and max(data.largest(name) for name in ("context_depth", "prompt_tokens", "seq_len")) < _LONG_CONTEXT:
        found.append(_CONTEXT)
    if not speed and "time to first token" in found:
        found.remove("time to first token")
        found.append("speed")
    return found


def _wordings(data: NoteContext, absent: list[str]) -> tuple[Phrase, ...]:
    """They lead with what a choice lacks, if it is one of cost and quality."""
    short = "memory" if "GPU use" in absent else "GPU memory"
    named = [phrase(short if name == "GPU memory" else name) for name in absent]
    was = "was" if len(absent) == 1 and not absent[0].endswith("s") else "were"
    merely = capital(phrase(f"{{names}} {was} not measured.", names=listed(named)))
    costs = "what the model costs" if len(data.models) == 1 else "what the models cost"
    lacks = [
        *([costs] if set(_COSTS) <= set(absent) else []),
        *(["how good the answers are"] if "quality" in absent else []),
    ]
    if not lacks:
        return merely, phrase("No file here measures {names}.", names=listed(named, "or"))
    return (
        phrase(
            f"Nothing here says {{lacks}}: {{names}} {was} not measured.", lacks=" or ".join(lacks), names=listed(named)
        ),
        phrase("{merely} So nothing here says {lacks}.", merely=merely, lacks=" or ".join(lacks)),
    )
