"""What no file measures, said once."""

from collections.abc import Iterator

from chimera_dagster.evidence.measures import SCORES
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import parameters_of
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Phrase, capital, joined, listed, model, phrase
from chimera_dagster.notes.rules.choice import contests_of_answer
from chimera_dagster.schemas import E2E, OUTPUT, TPOT, TTFT

_WEIGHT = 100.0
_LONG_CONTEXT = 8_192  # tokens
_LARGER = 2.0  # times the parameters, for sizes that differ clearly
# What a file measures if it has one of the metrics
_BY_METRIC: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("GPU use", ("gpu_util_pct",)),
    ("GPU memory", ("gpu_mem_used_mib",)),
    ("power", ("power_w", "energy_j", "energy_per_token_j", "energy_per_request_j")),
    ("quality", tuple(measure.metric for measure in SCORES)),
    ("time to first token", (TTFT, "ttfa_ms", "prompt_eval_ms")),
)
_OF_GPU = ("GPU use", "GPU memory")
_COSTS = (*_OF_GPU, "power")
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
    known = {"quality": quality_known(data)}
    found = [what for what, metrics in _BY_METRIC if not known.get(what, not measured.isdisjoint(metrics))]
    if data.on_cpu:
        found = [what for what in found if what not in _OF_GPU]
    speed = not measured.isdisjoint(_SPEED)
    if speed and measured.isdisjoint(_UNDER_LOAD) and data.largest("concurrency") <= 1:
        found.append(_LOAD)
    if speed and max(data.largest(name) for name in ("context_depth", "prompt_tokens", "seq_len")) < _LONG_CONTEXT:
        found.append(_CONTEXT)
    if not speed and "time to first token" in found:
        found.remove("time to first token")
        found.append("speed")
    return found


def quality_known(data: NoteContext) -> bool:
    """Whether every model that the answer compares has a score; without a comparison, whether any file has one."""
    contests = contests_of_answer(data)
    if contests:
        return set(contests[0].names) <= _scored(data)
    return not data.measured.isdisjoint(measure.metric for measure in SCORES)


def whose_answers(data: NoteContext) -> str:
    """The answers whose quality is not known: all of them, or those that no score in the folder is about."""
    other = not data.measured.isdisjoint(measure.metric for measure in SCORES)
    return "the answers of the compared models" if other else "the answers"


def _scored(data: NoteContext) -> set[str]:
    return {cell.model for measure in SCORES for cell in data.data.cells(measure)}


def _sizes(data: NoteContext) -> Phrase:
    """A sentence if models of clearly different size are compared; empty otherwise."""
    contests = contests_of_answer(data)
    names = contests[0].names if contests else []
    sizes = sorted((size, name) for name in names if (size := parameters_of(name)) is not None)
    if not sizes or sizes[-1][0] < _LARGER * sizes[0][0]:
        return ()
    return phrase(
        "The answer compares {small} with {large} by speed alone, and a larger model may answer better.",
        small=model(sizes[0][1]),
        large=model(sizes[-1][1]),
    )


def _wordings(data: NoteContext, absent: list[str]) -> tuple[Phrase, ...]:
    """They lead with what a choice lacks, if it is one of cost and quality."""
    short = "memory" if "GPU use" in absent else "GPU memory"
    whose = whose_answers(data)
    shown = {"GPU memory": short, "quality": "quality" if whose == "the answers" else "the quality of these models"}
    named = [phrase(shown.get(name, name)) for name in absent]
    was = "was" if len(absent) == 1 and not absent[0].endswith("s") else "were"
    merely = capital(phrase(f"{{names}} {was} not measured.", names=listed(named)))
    costs = "what the model costs" if len(data.models) == 1 else "what the models cost"
    lacks = [
        *([costs] if set(_COSTS) <= set(absent) else []),
        *([f"how good {whose} are"] if "quality" in absent else []),
    ]
    if not lacks:
        return merely, phrase("No file here measures {names}.", names=listed(named, "or"))
    said = (
        phrase(
            f"Nothing here says {{lacks}}: {{names}} {was} not measured.", lacks=" or ".join(lacks), names=listed(named)
        ),
        phrase("{merely} So nothing here says {lacks}.", merely=merely, lacks=" or ".join(lacks)),
    )
    sizes = _sizes(data) if "quality" in absent else ()
    return tuple(joined([each, sizes]) for each in said)
