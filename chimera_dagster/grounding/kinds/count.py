"""Counts of files, models, runs and failures, and the number of runs behind a statistic."""

import re
from collections.abc import Sequence

from chimera_dagster.grounding.claim import Claim, Kind, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.evidence_index import EvidenceIndex
from chimera_dagster.grounding.kinds.typed import Typed, span_of, words_of
from chimera_dagster.grounding.kinds.value import readings_of
from chimera_dagster.grounding.lexicon import lexicon, pattern_of
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.numbers import Number

_FAILED = re.compile(r"fail|error|crash|did not succeed|unsuccessful", re.IGNORECASE)
_GOOD = re.compile(r"succe(?:ed|ss)|passed|completed", re.IGNORECASE)


def noun_of(clause: Clause, mention: Mention) -> str | None:  # noqa: PLR0911
    """Which kind of thing a number counts; None where it is a value."""
    if mention.fact is not None:
        return None
    number = mention.number
    if number is None or number.unit not in (None, "%") or mention.meaning == "factor":
        return None
    text = clause.sentence.text
    after = text[mention.end : mention.end + 45]
    if number.unit == "%":
        near = text[max(0, mention.start - 50) : mention.end + 50]
        return "share" if (_FAILED.search(near) or _GOOD.search(near)) and not clause.all_of("comparative") else None
    of = re.match(r"\s+(?:out\s+)?of\s+(?:the\s+|its\s+|all\s+)?\d+", after)
    if of:
        after = text[mention.end + of.end() : mention.end + of.end() + 45]
    for name, words in lexicon().counted.items():
        pattern = pattern_of(words).pattern
        if re.match(
            rf"\s+(?:(?!and\b|or\b|of\b|in\b|for\b|to\b)[A-Za-z`-]+\s+){{0,2}}?(?:{pattern})", after, re.IGNORECASE
        ):
            return name
    before = text[max(0, mention.start - 34) : mention.start]
    for name, words in lexicon().counted.items():
        pattern = pattern_of(words).pattern
        if re.search(
            rf"(?:{pattern})(?:\s+(?:analy[sz]ed|count|found|read|measured))?\s*(?:[:=(–-]|is|was|were)\s*$",
            before,
            re.IGNORECASE,
        ):
            return name
    if re.search(r"\bfile count\W*$", before, re.IGNORECASE):
        return "files"
    return None


def counted(clause: Clause, mention: Mention, typed: list[Typed]) -> Claim:  # noqa: PLR0911
    number, index = mention.number, clause.index
    assert number is not None
    noun, text = noun_of(clause, mention), span_of(clause, mention, 24)
    bound = clause.bind(mention, ("model",)) or (clause.carry.models[-1] if clause.carry.models else None)
    model = bound.many[0] if bound and len(bound.many) == 1 else None
    around = clause.sentence.text[max(0, mention.start - 40) : mention.end + 40]
    if noun == "files":
        return _files(index, clause, mention, text, number)
    if noun == "models":
        named = len({each.meaning for each in clause.sentence.mentions if each.kind == "model"})
        return _count(
            "count",
            text,
            number,
            [
                ("models named", len(index.models)),
                ("models with runs", len(index.run_models)),
                *([("models in this sentence", named)] if named > 1 else []),
            ],
        )
    if noun == "sets":
        sets = {
            str(each)
            for name in ([model] if model else index.run_models)
            for metric in index.runs.units
            for each in index.runs.sets_of(name, metric)
        }
        return _count("count", text, number, [("parameter sets", len(sets))])
    if noun == "values":
        named = clause.all_of("parameter")
        if not named:
            return unsupported("count", text, "values of nothing that is named")
        return _count(
            "count",
            text,
            number,
            [(f"values of {named[0].meaning}", len(index.runs.params_of(model, named[0].meaning)))],
        )
    if noun == "unread":
        unread = sum(file.status in ("malformed", "unreadable", "too_large") for file in index.files)
        return _count("count", text, number, [("unread files", unread)])
    failures, good = index.runs.failures(model), index.runs.records(model)
    whose = f" of {model}" if model else ""
    if noun == "share":
        share = 100 * failures / max(1, failures + good)
        share = share if _FAILED.search(around) else 100 - share
        return _count("count", text, number, [(f"share{whose} in %", share)])
    before, after = clause.sentence.text[: mention.start], clause.sentence.text[mention.end :]
    part = re.match(r"\s+(?:out\s+)?of\s+(?:the\s+|its\s+|all\s+)?\d+", after)
    whole = re.search(r"\d\s+(?:out\s+)?of\s+(?:the\s+|its\s+|all\s+)?$", before)
    said = _FAILED.search(after[:60]) or _FAILED.search(before[-30:])
    if whole and (said or _GOOD.search(around)):
        return _count("count", text, number, [(f"runs{whose}", failures + good)])
    if part and _GOOD.search(after[:60]) and not said:
        return _count("count", text, number, [(f"runs{whose} that succeeded", good)])
    if noun == "failures" or (part and said) or re.match(r"\s+(?:\w+\s+)?(?:\w+\s+)?(?:that\s+)?fail", after):
        return _count("count", text, number, [(f"failures{whose}", failures)])
    if typed and typed[0].metric is not None:
        return n_claim(index, text, number.value, typed[-1] if mention.start > 0 else typed[0], clause)
    readings = [(f"runs{whose}", good), (f"runs{whose}, failed ones included", good + failures)]
    if re.search(r"measurements|values|numbers", text):
        readings.append(("measurements", index.measurements))
    return _count("count", text, number, readings)


def _files(index: EvidenceIndex, clause: Clause, mention: Mention, text: str, number: Number) -> Claim:
    around = clause.sentence.text[max(0, mention.start - 28) : mention.end + 24]
    kinds = [
        kind for word, kind in lexicon().file_kinds.items() if re.search(rf"(?<!\w){word}(?!\w)", around, re.IGNORECASE)
    ]
    after = re.match(r"\s+(\w+)", clause.sentence.text[mention.end :])
    if after and after[1].lower() in lexicon().file_kinds:
        kinds = [lexicon().file_kinds[after[1].lower()]]
    if not kinds and re.search(r"unread|could not be read|malformed", around):
        unread = sum(file.status in ("malformed", "unreadable", "too_large") for file in index.files)
        return _count("count", text, number, [("files that could not be read", unread)])
    readings = [(f"{kind} files", sum(file.kind == kind for file in index.files)) for kind in dict.fromkeys(kinds)]
    if not after or after[1].lower() not in lexicon().file_kinds:
        readings = readings[:1] if re.search(r"files?\s*\($", clause.sentence.text[: mention.start], re.I) else []
        readings = readings or [("files", len(index.files))]
    return _count("count", text, number, readings)


def _count(kind: Kind, text: str, number: Number, readings: Sequence[tuple[str, float]]) -> Claim:
    says = "; ".join(f"{words}: {value:g}" for words, value in readings)
    if any(number.fits(value) for _, value in readings):
        return supported(kind, text, says)
    return contradicted(kind, text, "the evidence counts otherwise", says)


def n_claim(index: EvidenceIndex, text: str, value: float, of: Typed | None, clause: Clause) -> Claim:
    if of is None or of.metric is None:
        bound = clause.models[-1] if clause.models else None
        model = bound.many[0] if bound and len(bound.many) == 1 else None
        true = index.runs.records(model)
        says = f"runs of {model or 'all models'}: {true}"
        return supported("n", text, says) if true == value else contradicted("n", text, "another number of runs", says)
    shown = [(f"{words_of(of, 'n of')}{words}", statistic.n) for words, statistic in readings_of(index, of)]
    says = "; ".join(f"{words}: {n}" for words, n in shown)
    if any(n == value for _, n in shown):
        return supported("n", text, says)
    return (
        contradicted("n", text, "another number of runs", says)
        if shown
        else unsupported("n", text, "there are no such runs")
    )
