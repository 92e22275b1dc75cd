"""What no file measures, or what can't be read because its name is not known, said once."""

import re
from collections.abc import Iterator

from chimera_dagster.evidence.measures import SCORES
from chimera_dagster.evidence.unread import unread_groups, words_of_name
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import files_in_words, parameters_of
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Name, Phrase, capital, count, joined, listed, model, phrase, setting
from chimera_dagster.notes.rules.choice import contests_of_answer
from chimera_dagster.notes.rules.unknown_numbers import TEACH
from chimera_dagster.schemas import E2E, OUTPUT, TPOT, TTFT

_WEIGHT, _UNKNOWN = 100.0, 60.0  # unknown: nothing was read, as the answer says already
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
_SPEED = (TTFT, TPOT, E2E, OUTPUT, "decode_tok_s", "prefill_tok_s", "latency_ms")
_ALL = frozenset({*_SPEED, *(name for _, names in _BY_METRIC for name in names)})
_NOTHING = (
    phrase("None of the metrics that this brief looks for could be read, so it can't say what was not measured."),
)
# Words of an unread name (`words_of_name`) that may be just that
_MAY_BE = {
    "GPU use": re.compile(r"\butil|\bgpu (?:use|usage|load|busy)\b|\bsm (?:occ|act)"),
    "GPU memory": re.compile(r"\bv?ram\b|\bmem|\bkv cache\b|\bsize (?:[mg]i?b|bytes)\b|\bfootprint"),
    "power": re.compile(r"\bw\b|\bpower|\bwatt|\bjoule|\benergy|\bk?wh\b"),
    "quality": re.compile(
        r"\bacc(?:uracy)?\b|\bscore|\bquality|\bperplexity|\bppl\b|\bexact match|\bf ?1\b|\bpass (?:at )?\d|"
        r"\bm?mlu\b|\bbleu|\brouge|\bcorrect|\bwin rate|\bkld?\b|\bfaithful|\bgrounding|\bhalluc|\bjudge|\brubric"
    ),
    "time to first token": re.compile(
        r"\bttf[ta]\b|\bfirst (?:tok|byte|chunk)|\btime to first|\bprefill (?:time|ms|s)\b"
    ),
    "speed": re.compile(
        r"\bttf[ta]\b|\bfirst (?:tok|byte|chunk)|\btok(?:en)?s?\b|\btps\b|\bspeed|\blatency|\bthroughput|\bduration"
    ),
    "throughput under load": re.compile(
        r"\bthroughput|\bqps\b|\brps\b|\breq(?:uest)?s? (?:per|p|s)\b|\bconcurr|\busers?\b"
    ),
    # `context` alone is Ollama's list of the tokens of a conversation
    "long contexts": re.compile(r"\bctx\b|(?!^context$)\bcontext|\b(?:seq|prompt|input) (?:len|tok)"),
}
# Words of a file's name that say that it scores answers
_OF_QUALITY = re.compile(
    r"(?<![a-z])(?:quality|accuracy|perplexity|ppl|kld|mmlu|gsm8k|humaneval|hellaswag|correctness|grounding|faithfulness"
    r"|rubric|judge[ds]?|evals?|evaluation)(?![a-z])"
)
_NAMES = 3  # shown of what could not be read
_LOAD = "throughput under load"
_CONTEXT = "long contexts"
_UNDER_LOAD = (OUTPUT, "requests_per_s", "total_tok_s")


def not_measured(data: NoteContext) -> Iterator[Note]:
    """One note with everything that is missing and what can't be said without it."""
    absent, hidden, scored = missing(data), unreadable(data), quality_files(data)
    if scored:
        hidden.pop("quality", None)
    runs, files = data.size
    if not absent and not hidden and not scored:
        if not data.data.table.empty and data.measured.isdisjoint(_ALL):
            yield Note("not_measured", "not_measured", _UNKNOWN, _NOTHING, Scope(files=files))
        return
    yield Note(
        "not_measured",
        "not_measured",
        _WEIGHT,
        tuple(
            joined([said, _in_files(scored), _unreadable(hidden)])
            for said in (_wordings(data, absent) if absent else ((),))
        ),
        Scope(tuple(data.models), n=runs, files=files),
    )


def missing(data: NoteContext) -> list[str]:
    """What is absent from every file, in the order in which it is said; empty if nothing at all was measured.

    What an unread name may stand for is not said to be missing, see `unreadable`.
    """
    hidden = {*unreadable(data), *(["quality"] if quality_files(data) else [])}
    return [what for what in _absent(data) if what not in hidden]


def unreadable(data: NoteContext) -> dict[str, list[str]]:
    """What no known name covers and an unread name may stand for, with those names."""
    names = [(group.name, words_of_name(group.name)) for group in unread_groups(data.data.files)]
    found = {what: [name for name, words in names if _MAY_BE[what].search(words)] for what in _absent(data)}
    return {what: hits for what, hits in found.items() if hits}


def quality_files(data: NoteContext) -> list[str]:
    """Files that by their names score answers, if no score of the compared models was read."""
    if "quality" not in _absent(data):
        return []
    files = data.data.files
    paths = [str(path) for path in files.loc[(files["status"] != "left_out").to_numpy(), "path"]]
    return [path for path in paths if _OF_QUALITY.search(path.rpartition("/")[2].rpartition(".")[0].casefold())]


def _absent(data: NoteContext) -> list[str]:
    measured = data.measured
    if measured.isdisjoint(_ALL):
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


def _in_files(paths: list[str]) -> Phrase:
    if not paths:
        return ()
    have = "has" if len(paths) == 1 else "have"
    return phrase(
        f"How good the answers are may stand in {{files}}, which {have} no score that could be read.",
        files=files_in_words(paths, 2),
    )


def _unreadable(hidden: dict[str, list[str]]) -> Phrase:
    """`GPU memory and power may be in the files under peak_mem_q and avg_w, names that nothing here knows ...`."""
    if not hidden:
        return ()
    names = list(dict.fromkeys(name for hits in hidden.values() for name in hits))
    shown: list[Phrase] = [(Name(name, "metric"),) for name in names[:_NAMES]]
    if len(names) > _NAMES:
        shown.append(count(len(names) - _NAMES, "more", "more"))
    known = "a name" if len(names) == 1 else "names"
    return phrase(
        f"{{what}} may be in the files under {{names}}, {known} that nothing here knows; {{teach}} helps.",
        what=capital(listed([phrase(what) for what in hidden])),
        names=listed(shown),
        teach=setting(TEACH),
    )


def _wordings(data: NoteContext, absent: list[str]) -> tuple[Phrase, ...]:
    """They lead with what a choice lacks, if it is one of cost and quality."""
    short = "memory" if "GPU use" in absent and "memory_used_mib" not in data.measured else "GPU memory"
    whose = whose_answers(data)
    shown = {"GPU memory": short, "quality": "quality" if whose == "the answers" else "the quality of these models"}
    named = [phrase(shown.get(name, name)) for name in absent]
    merely = phrase("No figures for {names} were found.", names=listed(named, "or"))
    costs = "what the model costs" if len(data.models) == 1 else "what the models cost"
    lacks = [
        *([costs] if set(_COSTS) <= set(absent) else []),
        *([f"how good {whose} are"] if "quality" in absent else []),
    ]
    if not lacks:
        return merely, phrase("In these files, no figures for {names} were found.", names=listed(named, "or"))
    parts = {"names": listed(named, "or"), "lacks": " or ".join(lacks)}
    said = (
        phrase("This brief can't tell {lacks}: no figures for {names} were found.", **parts),
        phrase("No figures for {names} were found, so this brief can't tell {lacks}.", **parts),
    )
    sizes = _sizes(data) if "quality" in absent else ()
    return tuple(joined([each, sizes]) for each in said)
