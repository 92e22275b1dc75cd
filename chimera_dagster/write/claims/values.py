"""Figures: a value of a metric, a number of runs, a count, a citation; each executed as what its words say it is."""

import itertools
import re
from collections.abc import Iterator, Sequence
from math import isnan
from typing import NamedTuple

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.ingest.vocabulary import vocabulary
from chimera_dagster.write.claims.claim import Claim, Kind, contradicted, supported, unsupported
from chimera_dagster.write.claims.clause import Clause
from chimera_dagster.write.claims.ground import Ground, Params, Statistic, TypedFact
from chimera_dagster.write.claims.lexicon import lexicon, pattern_of, unit_factor
from chimera_dagster.write.claims.numbers import Number
from chimera_dagster.write.claims.reading import Mention

_AS_METRIC = {
    "gpu_util": "gpu_util_pct",
    "gpu_memory": "gpu_mem_used_mib",
    "memory": "memory_used_mib",
    "power": "power_w",
    "energy": "energy_j",
    "temperature": "temperature_c",
    "cpu": "cpu_util_pct",
}
_NAMES = {
    "interval": ("mean_low", "mean_high"),
    "median_interval": ("median_low", "median_high"),
    "range": ("min", "max"),
}
_OF_UNIT = {"tok/s": "decode_tok_s", "J": "energy_j", "W": "power_w"}
_UNIT_IN_NAME = re.compile(r"per[\s_-]sec|tok_s|tokens|_ms$|_pct$|\((?:ms|tok/s|%)\)", re.IGNORECASE)
_FAILED = re.compile(r"fail|error|crash|did not succeed|unsuccessful", re.IGNORECASE)
_GOOD = re.compile(r"succe(?:ed|ss)|passed|completed", re.IGNORECASE)


class Typed(NamedTuple):
    """A figure as a claim: what of which metric, of which model, where."""

    metric: str | None
    model: str | None
    models: tuple[str, ...]
    aggregate: str | None
    params: dict[str, float]
    runs: str


def figure_claims(clause: Clause) -> Iterator[Claim]:
    """A claim for every figure of the clause that no comparison has taken."""
    for mention in clause.of("figure"):
        yield unsupported("figure", mention.text, "a figure that says nothing about what it is")
    left = [each for each in clause.figures if id(each) not in clause.used]
    values = [each for each in left if not _noun_of(clause, each)]
    typed: list[Typed] = []
    for mention in left:
        if mention in values:
            of = _typed(clause, mention, values)
            typed.append(of)
            yield from (_cited(clause, mention, of) if mention.fact else _valued(clause, mention, of))
    for mention in left:
        if mention not in values:
            yield _counted(clause, mention, typed)
    for mention in clause.of("n"):
        yield _n(clause.ground, mention.text, mention.values[0], typed[0] if typed else None, clause)


def _noun_of(clause: Clause, mention: Mention) -> str | None:  # noqa: PLR0911
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


def _typed(clause: Clause, mention: Mention, values: list[Mention]) -> Typed:
    ground = clause.ground
    metric = _metric_of(clause, mention)
    named = _respective(clause, mention, values, "model")
    model_mention = named or clause.bind(mention, ("model",))
    if model_mention is None and clause.carry.models and not clause.models:
        model_mention = clause.carry.models[-1]
    models = model_mention.many if model_mention else ()
    model = models[0] if len(models) == 1 else None
    if model is None and not models and len(ground.run_models) == 1:
        model = ground.run_models[0]
    return Typed(
        metric,
        model,
        models,
        _aggregate_of(clause, mention, values),
        _params_of(clause, mention, values),
        _runs_of(clause, mention),
    )


def _respective(clause: Clause, mention: Mention, values: list[Mention], kind: str) -> Mention | None:
    """`A and B reach 57 and 99 tok/s`: the name in the same place as the figure."""
    names = clause.all_of(kind)
    alike = [each for each in values if _unit_of(each) == _unit_of(mention)]
    if len(names) < 2 or len(alike) != len(names) or mention not in alike:
        return None
    first, last = max(each.end for each in names), min(each.start for each in alike)
    apart = first <= last or max(each.end for each in alike) <= min(each.start for each in names)
    return names[alike.index(mention)] if apart else None


def _unit_of(mention: Mention) -> str | None:
    number = mention.number
    if number is not None and number.unit is not None:
        return number.unit
    return mention.fact.unit if mention.fact is not None else None


def metric_named(mention: Mention) -> str:
    """The metric that a metric, telemetry or quality word means."""
    return _AS_METRIC.get(mention.meaning, mention.meaning) if mention.kind == "telemetry" else mention.meaning


def _canonical(metric: str) -> str | None:
    entry = vocabulary().metrics.get(metric)
    return entry.unit if entry else {"temperature_c": "°C"}.get(metric)


def _metric_of(clause: Clause, mention: Mention) -> str | None:  # noqa: PLR0911
    """The metric a figure is said to be of; None where nothing says it. Units must agree, else another is sought."""
    unit = _unit_of(mention)
    named = clause.all_of("metric", "telemetry", "unmeasured")
    lined_up = _lined_up(clause, mention, named)
    if lined_up is not None:
        return metric_named(lined_up)
    fitting = [each for each in named if unit is None or _canonical(metric_named(each)) == unit]
    after = [each for each in named if each.start >= mention.end]
    if (
        after
        and re.match(r"^\s*(?:of|in|for)?\s*(?:the\s+|an?\s+)?\x01*\s*$", clause.between(mention.end, after[0].start))
        and (after[0] in fitting)
        and not any(mention.end <= each.start < after[0].start for each in clause.figures)
    ):
        return metric_named(after[0])
    own = _own_metric(clause, mention, named)
    if own is not None and own not in fitting and mention.fact is None:
        return metric_named(own)
    if mention.fact is not None and own is not None:
        return metric_named(own)
    chosen = clause.bind(mention, (), among=fitting) if fitting else clause.bind(mention, (), among=named)
    if chosen is not None:
        return metric_named(chosen)
    if clause.carry.metric and (unit is None or _canonical(clause.carry.metric) == unit):
        return clause.carry.metric
    return _OF_UNIT.get(unit or "")


def _lined_up(clause: Clause, mention: Mention, named: list[Mention]) -> Mention | None:
    """`throughput and TTFT are 57 tok/s and 80 ms`: the metric in the same place as the figure."""
    figures = [each for each in clause.figures if _unit_of(each)]
    if len(named) < 2 or len(named) != len(figures) or mention not in figures or named[-1].end > figures[0].start:
        return None
    listed = all(
        re.fullmatch(r"[\s,]*(?:and|or)?[\s\x01]*(?:the\s+)?[\s\x01]*", clause.between(one.end, other.start))
        for one, other in itertools.pairwise(named)
    )
    return named[figures.index(mention)] if listed else None


def _own_metric(clause: Clause, mention: Mention, named: list[Mention]) -> Mention | None:
    """The metric before a figure with no other figure between: the words say it is that, whatever its unit."""
    before = [each for each in named if each.end <= mention.start]
    if not before:
        return None
    gap = clause.between(before[-1].end, mention.start)
    if any(before[-1].end <= each.start < mention.start for each in clause.figures):
        return None
    return (
        before[-1] if not re.search(r"\b(?:and|with|but|at)\b.*\b(?:reaches|runs|decodes|generates)\b", gap) else None
    )


def _aggregate_of(clause: Clause, mention: Mention, values: list[Mention]) -> str | None:  # noqa: PLR0911
    """What a figure is of the runs; None where no word says it."""
    words = clause.all_of("aggregate")
    singles = clause.all_of("single")
    if singles:
        word = next(iter(clause.all_of("superlative", "aggregate")), None)
        metric = _metric_of(clause, mention)
        good = lexicon().metrics[metric].good if metric in lexicon().metrics else 1
        end = {"good_best": "max" if good > 0 else "min", "good_worst": "min" if good > 0 else "max"}
        end |= {"size_most": "max", "size_least": "min", "max": "max", "min": "min"}
        if word is not None and word.meaning in end:
            clause.use(word)
            return end[word.meaning]
        if word is None and mention.fact is None:
            return "single"
    after = [each for each in words if each.start >= mention.end]
    if (
        after
        and after[0].meaning not in _NAMES
        and re.match(r"^[\s(,]*(?:in|as|on|as an?|the)?\s*$", clause.between(mention.end, after[0].start))
    ):
        following = [each for each in values if each.start >= after[0].end]
        if not (following and re.match(r"^\s*(?:of|=|:|is)?\s*$", clause.between(after[0].end, following[0].start))):
            return after[0].meaning
    before = [each for each in words if each.end <= mention.start]
    if not before:
        return None
    word = before[-1]
    since = [each for each in values if word.end <= each.start < mention.start]
    if word.meaning in _NAMES:
        # the first figure after `interval` is its lower end, the next its upper one, and further ones are not of it
        return _NAMES[word.meaning][len(since)] if len(since) < 2 else None
    metric = [each for each in clause.all_of("metric", "telemetry") if word.end <= each.start < mention.start]
    if since and metric and metric[-1].start > since[0].end:
        return None
    return word.meaning


def _runs_of(clause: Clause, mention: Mention) -> str:
    found = clause.bind(mention, ("runs",))
    return found.meaning if found else clause.carry.runs


def _params_of(clause: Clause, mention: Mention, values: list[Mention]) -> dict[str, float]:
    named = [each for each in clause.all_of("parameter") if each.values]
    found: dict[str, float] = {}
    for name in dict.fromkeys(each.meaning for each in named):
        among = [each for each in named if each.meaning == name]
        if len(among) == 1 and len(among[0].values) == len(values) > 1:
            found[name] = among[0].values[values.index(mention)]
            continue
        if len(among) > 1:
            chosen = clause.bind(mention, (), among=among)
            among = [chosen] if chosen else among
        if len(among[0].values) == 1:
            found[name] = among[0].values[0]
    return found


def _words(of: Typed, aggregate: str) -> str:
    where = f" at {', '.join(f'{name}={value:g}' for name, value in of.params.items())}" if of.params else ""
    runs = f" over {of.runs} runs" if of.runs != "all" else ""
    return f"{aggregate} {of.metric} of {of.model or 'all models together'}{where}{runs}"


def _in_spelling(value: float, number: Number) -> float:
    if number.unit in (None, "%", "x", "points"):
        return value
    return value / unit_factor(number.unit, number.spelled)


def _valued(clause: Clause, mention: Mention, of: Typed) -> Iterator[Claim]:
    number, ground = mention.number, clause.ground
    assert number is not None
    text = _span(clause, mention)
    if mention.meaning == "factor" or number.unit in ("x", "points"):
        yield unsupported("figure", text, "a ratio that is not said to be of one thing to another")
        return
    if of.metric is None:
        what = "it names no metric" if number.unit else "a figure that says nothing about what it is"
        yield unsupported("value" if number.unit else "figure", text, what)
        return
    canonical = _canonical(of.metric)
    if number.unit is None and not _unit_in_name(clause, of.metric):
        yield unsupported("value", text, f"a figure of {of.metric} without a unit")
        return
    if number.unit is not None and number.unit != canonical:
        reason = (
            f"{of.metric} is in {canonical}, not in {number.unit}" if canonical else f"no file measures {of.metric}"
        )
        yield (contradicted if canonical else unsupported)("value", text, reason)
        return
    if len(of.models) > 1:
        yield unsupported("value", text, f"which model is meant is not said: {', '.join(of.models)}")
        return
    yield _executed(ground, clause, text, number, of)


def _unit_in_name(clause: Clause, metric: str) -> bool:
    return any(each.meaning == metric and _UNIT_IN_NAME.search(each.text) for each in clause.all_of("metric"))


def _readings(ground: Ground, of: Typed) -> list[tuple[str, Statistic]]:
    """What the words can mean: runs that have the parameters named, or those with no other parameter."""
    assert of.metric is not None
    found = [("", ground.statistic(of.metric, of.model, of.params, of.runs))]
    if of.params:
        found.append((" and no other parameter", ground.statistic(of.metric, of.model, of.params, of.runs, exact=True)))
    return [(words, statistic) for words, statistic in found if statistic is not None]


def _executed(ground: Ground, clause: Clause, text: str, number: Number, of: Typed) -> Claim:  # noqa: PLR0911
    assert of.metric is not None
    own = ground.own.get(of.metric)
    if clause.is_own and own is not None and of.model in (None, ground.own_model):
        says = f"{of.metric} of this trial: {own:.6g}"
        if number.fits(_in_spelling(own, number)):
            return supported("value", text, says)
        return contradicted("value", text, "this trial measured another value", says)
    aggregate = of.aggregate or "mean"
    readings = _readings(ground, of)
    if not readings:
        return _of_aggregates(ground, text, number, of, aggregate)
    shown: list[str] = []
    for words, statistic in readings:
        names = ("std", "half") if aggregate == "std" else (aggregate,)
        for name in names:
            true = _statistic_value(statistic, name)
            if true is None:
                continue
            files = ", ".join(statistic.files)
            value = format_value(true, statistic.unit)
            says = f"{_words(of, name)}{words}: {value} (n={statistic.n}, {files})"
            shown.append(says)
            if number.fits(_in_spelling(true, number)):
                return supported("value", text, says)
    if not shown:
        return unsupported("value", text, f"no {aggregate} is known of {of.metric}")
    if of.model is None:
        return _dataset(ground, text, number, of, shown)
    return contradicted(
        "value", text, _really(ground, number, of) or "the evidence has another value", "; ".join(shown)
    )


def _statistic_value(statistic: Statistic, name: str) -> float | None:
    values = statistic.values
    if name == "half":
        return (values["mean_high"] - values["mean_low"]) / 2
    value = values.get(name)
    return None if value is None or isnan(value) else value


def _of_aggregates(ground: Ground, text: str, number: Number, of: Typed, aggregate: str) -> Claim:
    """A metric of which no run is at hand; a file may still state the aggregate itself."""
    assert of.metric is not None
    if of.metric not in ground.metrics:
        return unsupported("value", text, f"no file measures {of.metric}")
    if of.model is not None and not of.params:
        low, high = _bounds(number)
        for stated in ground.stated(of.metric, low, high, of.model):
            if stated.aggregate in (aggregate, None):
                where = (
                    f"{stated.file}, {stated.record}: {stated.value:g}, as the file states it; its runs are in no file"
                )
                return supported("value", text, where)
    known = ground.statistic(of.metric, of.model)
    if known is None:
        return unsupported("value", text, f"no run of {of.model or 'any model'} measures {of.metric}")
    return unsupported(
        "value", text, f"no run measures {of.metric} of {of.model or 'any model'} there: {_words(of, aggregate)}"
    )


def _bounds(number: Number) -> tuple[float, float]:
    factor = 1.0 if number.unit in (None, "%", "x", "points") else unit_factor(number.unit, number.spelled)
    return (number.value - number.half) * factor, (number.value + number.half) * factor


def _dataset(ground: Ground, text: str, number: Number, of: Typed, shown: list[str]) -> Claim:
    """A figure given for the whole folder that is not the folder's: whose is it?"""
    assert of.metric is not None
    stated = ground.stated(of.metric, *_bounds(number))
    if not stated:
        return unsupported("value", text, "it names no model, and is not the value of all of them", "; ".join(shown))
    first = stated[0]
    good, total = ground.success_of(first.file)
    run = f", a run of which {good} of {total} tests succeeded" if good < total else ""
    reason = f"one file's figure, presented as the dataset's: {first.file} ({first.record}){run}"
    return contradicted("value", text, reason, "; ".join(shown))


def _really(ground: Ground, number: Number, of: Typed) -> str:
    """What the figure is the value of, where it is one of another aggregate or model; only for the reason given."""
    assert of.metric is not None
    for model in (of.model, *ground.run_models):
        statistic = ground.statistic(of.metric, model)
        for name in ("mean", "median", "p95", "max", "min"):
            if statistic and number.bound == "" and number.fits(_in_spelling(statistic.values[name], number)):
                return f"that is the {name} of {model} over all its runs"
    return ""


def _cited(clause: Clause, mention: Mention, of: Typed) -> Iterator[Claim]:
    """Whether a citation is of what the sentence says it is."""
    fact, number = mention.fact, mention.number
    assert fact is not None
    assert number is not None
    text = f"{mention.text} {_span(clause, mention)}"
    says = f"{fact.id}: {fact.statement}"
    wrong = _miscited(clause, mention, fact, of, number)
    yield contradicted("citation", text, wrong, says) if wrong else supported("citation", text, says)


def _miscited(clause: Clause, mention: Mention, fact: TypedFact, of: Typed, number: Number) -> str:  # noqa: PLR0911
    if number.unit is not None and number.unit != fact.unit:
        return f"{fact.id} is in {fact.unit or 'counts'}, not in {number.unit}"
    named = clause.all_of("metric", "telemetry", "unmeasured")
    noun = _cited_noun(clause, mention)
    if fact.metric is None or fact.aggregate == "count":
        if noun and fact.kind not in noun:
            return f"{fact.id} counts {fact.text}"
        if not noun and named and _own_metric(clause, mention, named) is not None:
            return f"{fact.id} is {fact.text}, not {metric_named(named[0])}"
        if fact.model is not None and of.models and fact.model not in of.models:
            return f"{fact.id} is of {fact.model}"
        return ""
    if noun:
        return f"{fact.id} is {fact.text}, and counts nothing"
    if named and of.metric is not None and of.metric != fact.metric:
        return f"{fact.id} is {fact.metric}, not {of.metric}"
    if of.models and fact.model not in of.models:
        return f"{fact.id} is of {fact.model}, not of {' or '.join(of.models)}"
    said = of.aggregate or "mean"
    if said != fact.aggregate and not (of.aggregate is None and _says_extreme(clause, fact)):
        return f"{fact.id} is a {fact.aggregate}, not a {said}"
    if of.runs != fact.runs:
        return f"{fact.id} is over {fact.runs} runs, not over {of.runs} ones"
    return _misplaced(fact, of.params)


def _says_extreme(clause: Clause, fact: TypedFact) -> bool:
    return fact.aggregate in ("max", "min") and bool(clause.all_of("single"))


def _misplaced(fact: TypedFact, said: Params) -> str:
    given = fact.params or {}
    wrong = {name: value for name, value in said.items() if given.get(name) != value}
    if wrong:
        return f"{fact.id} is not at {', '.join(f'{name}={value:g}' for name, value in wrong.items())}"
    if given and not said and fact.aggregate == "mean":
        return (
            f"{fact.id} is of one parameter set only: {', '.join(f'{name}={value:g}' for name, value in given.items())}"
        )
    return ""


_CITED_NOUNS = (
    (re.compile(r"^\s+(?:[\w-]+\s+){0,2}?files", re.IGNORECASE), ("files", "unread")),
    (
        re.compile(r"^\s+(?:(?!of\b)[\w-]+\s+){0,2}?(?:failures|failed|failing|errors)", re.IGNORECASE),
        ("failures", "model_failures"),
    ),
    (
        re.compile(
            r"^\s+(?:(?!of\b|in\b|at\b|for\b|over\b)[\w-]+\s+){0,2}?(?:runs|records|measurements|trials|samples)",
            re.IGNORECASE,
        ),
        ("runs", "failures", "model_failures", "only_aggregates"),
    ),
    (re.compile(r"^\s+(?:[\w-]+\s+){0,1}?models", re.IGNORECASE), ("models",)),
    (re.compile(r"^\s+(?:of\s+)?(?:the\s+)?measurements", re.IGNORECASE), ("nameless", "runs")),
)


def _cited_noun(clause: Clause, mention: Mention) -> tuple[str, ...]:
    after = clause.sentence.text[mention.end : mention.end + 40]
    return next((kinds for pattern, kinds in _CITED_NOUNS if pattern.match(after)), ())


def _counted(clause: Clause, mention: Mention, typed: list[Typed]) -> Claim:  # noqa: PLR0911
    number, ground = mention.number, clause.ground
    assert number is not None
    noun, text = _noun_of(clause, mention), _span(clause, mention, 24)
    bound = clause.bind(mention, ("model",)) or (clause.carry.models[-1] if clause.carry.models else None)
    model = bound.many[0] if bound and len(bound.many) == 1 else None
    around = clause.sentence.text[max(0, mention.start - 40) : mention.end + 40]
    if noun == "files":
        return _files(ground, clause, mention, text, number)
    if noun == "models":
        named = len({each.meaning for each in clause.sentence.mentions if each.kind == "model"})
        return _count(
            "count",
            text,
            number,
            [
                ("models named", len(ground.models)),
                ("models with runs", len(ground.run_models)),
                *([("models in this sentence", named)] if named > 1 else []),
            ],
        )
    if noun == "sets":
        sets = {
            str(each)
            for name in ([model] if model else ground.run_models)
            for metric in ground.units
            for each in ground.sets_of(name, metric)
        }
        return _count("count", text, number, [("parameter sets", len(sets))])
    if noun == "values":
        named = clause.all_of("parameter")
        if not named:
            return unsupported("count", text, "values of nothing that is named")
        return _count(
            "count", text, number, [(f"values of {named[0].meaning}", len(ground.params_of(model, named[0].meaning)))]
        )
    if noun == "unread":
        unread = sum(file.status in ("malformed", "unreadable", "too_large") for file in ground.files)
        return _count("count", text, number, [("unread files", unread)])
    failures, good = ground.failures(model), ground.records(model)
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
        return _n(ground, text, number.value, typed[-1] if mention.start > 0 else typed[0], clause)
    readings = [(f"runs{whose}", good), (f"runs{whose}, failed ones included", good + failures)]
    if re.search(r"measurements|values|numbers", text):
        readings.append(("measurements", ground.measurements))
    return _count("count", text, number, readings)


def _files(ground: Ground, clause: Clause, mention: Mention, text: str, number: Number) -> Claim:
    around = clause.sentence.text[max(0, mention.start - 28) : mention.end + 24]
    kinds = [
        kind for word, kind in lexicon().file_kinds.items() if re.search(rf"(?<!\w){word}(?!\w)", around, re.IGNORECASE)
    ]
    after = re.match(r"\s+(\w+)", clause.sentence.text[mention.end :])
    if after and after[1].lower() in lexicon().file_kinds:
        kinds = [lexicon().file_kinds[after[1].lower()]]
    if not kinds and re.search(r"unread|could not be read|malformed", around):
        unread = sum(file.status in ("malformed", "unreadable", "too_large") for file in ground.files)
        return _count("count", text, number, [("files that could not be read", unread)])
    readings = [(f"{kind} files", sum(file.kind == kind for file in ground.files)) for kind in dict.fromkeys(kinds)]
    if not after or after[1].lower() not in lexicon().file_kinds:
        readings = readings[:1] if re.search(r"files?\s*\($", clause.sentence.text[: mention.start], re.I) else []
        readings = readings or [("files", len(ground.files))]
    return _count("count", text, number, readings)


def _count(kind: Kind, text: str, number: Number, readings: Sequence[tuple[str, float]]) -> Claim:
    says = "; ".join(f"{words}: {value:g}" for words, value in readings)
    if any(number.fits(value) for _, value in readings):
        return supported(kind, text, says)
    return contradicted(kind, text, "the evidence counts otherwise", says)


def _n(ground: Ground, text: str, value: float, of: Typed | None, clause: Clause) -> Claim:
    if of is None or of.metric is None:
        bound = clause.models[-1] if clause.models else None
        model = bound.many[0] if bound and len(bound.many) == 1 else None
        true = ground.records(model)
        says = f"runs of {model or 'all models'}: {true}"
        return supported("n", text, says) if true == value else contradicted("n", text, "another number of runs", says)
    shown = [(f"{_words(of, 'n of')}{words}", statistic.n) for words, statistic in _readings(ground, of)]
    says = "; ".join(f"{words}: {n}" for words, n in shown)
    if any(n == value for _, n in shown):
        return supported("n", text, says)
    return (
        contradicted("n", text, "another number of runs", says)
        if shown
        else unsupported("n", text, "there are no such runs")
    )


def _span(clause: Clause, mention: Mention, more: int = 0) -> str:
    end = min(len(clause.sentence.text), mention.end + more)
    return re.sub(r"\s+", " ", clause.sentence.text[mention.start : end]).strip()
