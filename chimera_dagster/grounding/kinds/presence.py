"""What a sentence names must be there: models, parameters, files, dates, facts and findings."""

import re
from collections.abc import Iterator

from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.dates import Day, day_of, is_valid
from chimera_dagster.grounding.evidence_index import EvidenceIndex
from chimera_dagster.grounding.evidence_rows import FindingRow
from chimera_dagster.grounding.kinds.telemetry import telemetry_claims
from chimera_dagster.grounding.kinds.typed import metric_named
from chimera_dagster.grounding.lexicon import unit_factor
from chimera_dagster.grounding.mention import Mention

_LATEST = re.compile(r"\b(?:latest|last|newest|most recent|recently)\b", re.IGNORECASE)
_EARLIEST = re.compile(r"\b(?:earliest|oldest|first)\b", re.IGNORECASE)
_MODIFIED = re.compile(r"\b(?:modif|changed|written|saved|mtime|file dates?)", re.IGNORECASE)
_REPORT = re.compile(r"\b(?:report|generated|written on|today|\bdate\b)", re.IGNORECASE)


def presence_claims(clause: Clause) -> Iterator[Claim]:
    """Of each name in the clause, and of what it says was measured or was not."""
    index = clause.index
    for mention in clause.mentions:
        match mention.kind:
            case "model":
                yield supported("model", mention.text, ", ".join(mention.many))
            case "unknown_model":
                yield unsupported("model", mention.text, "no such model in the evidence", ", ".join(index.models))
            case "size":
                tags = [tag for tag in index.models if mention.meaning in re.split(r"[:@_-]", tag.lower())]
                of = ", ".join(tags)
                yield (
                    supported("model", mention.text, of)
                    if tags
                    else unsupported("model", mention.text, "no model of this size")
                )
            case "file" | "name":
                yield _file(index, mention)
            case "date":
                yield _date(clause, mention)
            case "parameter" if mention.values:
                yield from _parameter(clause, mention)
            case "citation" if mention.fact is None:
                yield unsupported("citation", mention.text, "there is no such fact, finding or model")
            case "source" if mention.fact is None:
                yield unsupported("citation", mention.text, "there is no such fact")
            case "source":
                yield from _sourced(clause, mention)
            case "finding":
                yield _found(clause, index.findings[mention.meaning])
            case _:
                pass
    yield from telemetry_claims(clause)


def _file(index: EvidenceIndex, mention: Mention) -> Claim:
    name = mention.text.strip("./").lower()
    stem = name.rpartition("/")[2]
    for file in index.files:
        path = file.path.lower()
        if path == name or path.endswith("/" + name) or name.endswith("/" + path):
            return supported("file", mention.text, file.path)
    if "/" not in name and stem in index.stems:
        return supported("file", mention.text, index.stems[stem])
    part = name.strip("*_-.")
    if mention.kind == "name":
        within = [
            file.path
            for file in index.files
            if part in file.path.lower().rpartition("/")[2] or part in file.path.lower()
        ]
        if within:
            return supported("file", mention.text, f"{len(within)} files, {within[0]}", "files have it in their names")
        if part in index.params or part in {metric.lower() for metric in index.metrics}:
            return supported("file", mention.text, part, "a parameter or metric of the evidence")
    return unsupported("file", mention.text, "no file of this name was read")


def _date(clause: Clause, mention: Mention) -> Claim:
    index = clause.index
    words = clause.between(clause.start, clause.end)
    days = list(day_of(mention))
    if not all(is_valid(day) for day in days):
        return contradicted("date", mention.text, "the calendar has no such day")
    modified = [f"{each:%Y-%m-%d %H:%M:%S}" for each in index.modified]
    pool = modified if _MODIFIED.search(words) else [*modified, *index.measured]
    which = "a modification date" if _MODIFIED.search(words) else "a date of the evidence"
    if _REPORT.search(words) and not _MODIFIED.search(words):
        pool = [*pool, f"{index.today:%Y-%m-%d}"]
    pool = sorted(pool)
    if pool and _LATEST.search(words):
        pool, which = pool[-1:], f"the latest: {pool[-1]}"
    elif pool and _EARLIEST.search(words):
        pool, which = pool[:1], f"the earliest: {pool[0]}"
    says = ", ".join(dict.fromkeys(each[:10] for each in (*pool[:1], *pool[-1:])))
    if all(any(_is_on(stamp, day) for stamp in pool) for day in days):
        return supported("date", mention.text, says)
    return (
        contradicted("date", mention.text, f"it is not {which}", says)
        if pool
        else unsupported("date", mention.text, "the evidence has no dates")
    )


def _is_on(stamp: str, day: Day) -> bool:
    if int(stamp[:4]) != day.year:
        return False
    if day.month is not None and int(stamp[5:7]) != day.month:
        return False
    if day.day is not None and int(stamp[8:10]) != day.day:
        return False
    return day.time is None or stamp[11:].startswith(day.time)


def _parameter(clause: Clause, mention: Mention) -> Iterator[Claim]:
    index, name = clause.index, mention.meaning
    models = [model for each in clause.models for model in each.many]
    for value in mention.values:
        known = (
            {v for model in models for v in index.runs.params_of(model, name)}
            if models
            else index.params.get(name, set())
        )
        text = f"{name}={value:g}"
        if value in known:
            yield supported("parameter", text, "measured with it")
        else:
            listed = ", ".join(f"{each:g}" for each in sorted(known))
            whose = f" of {', '.join(dict.fromkeys(models))}" if models else ""
            yield unsupported("parameter", text, f"no run{whose} has it", f"{name}: {listed or 'not in the evidence'}")


def _sourced(clause: Clause, mention: Mention) -> Iterator[Claim]:
    """A fact named behind a figure: the figure must be its value."""
    fact = mention.fact
    assert fact is not None
    before = [each for each in clause.figures if each.end <= mention.start and mention.start - each.end <= 3]
    says = f"{fact.id}: {fact.statement}"
    if before and before[-1].number is not None and before[-1].fact is None:
        number = before[-1].number
        factor = (
            unit_factor(fact.unit, number.spelled)
            if fact.unit and number.unit == fact.unit and fact.unit != "%"
            else 1.0
        )
        right = (number.unit or "") == fact.unit and number.fits(fact.value / factor)
        if not right:
            yield contradicted("citation", mention.text, "the fact has another value", says)
            return
    yield supported("citation", mention.text, says)


def _found(clause: Clause, finding: FindingRow) -> Claim:
    """A finding cited for a sentence: it must be of the models and of a metric that the sentence names."""
    text = f"{{{finding.id}}} {clause.text}"
    says = f"{finding.id}: {finding.text}"
    # What a ranking lists is not all that it compares, so only a subject says whose a finding is.
    of = [model for model in clause.index.models if re.search(rf"{re.escape(model)}(?![\w:.-])", finding.subject)]
    named = [model for each in clause.models for model in each.many]
    if of and not set(named) <= set(of):
        return contradicted("citation", text, f"{finding.id} is of {finding.subject}", says)
    metrics = [metric_named(each) for each in clause.all_of("metric", "telemetry")]
    if metrics and finding.metrics and not set(metrics) & set(finding.metrics):
        return contradicted("citation", text, f"{finding.id} is of {' and '.join(finding.metrics)}", says)
    return supported("citation", text, says)
