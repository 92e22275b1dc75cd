"""How metrics are spoken of: what a model does, and how two of them compare."""

from typing import NamedTuple

from chimera_dagster.evidence.measures import Measure
from chimera_dagster.notes.phrase import Number, Part, Phrase, number, phrase, share
from chimera_dagster.notes.reading import reading, times
from chimera_dagster.schemas import DECODE, E2E, OUTPUT, PREFILL, TPOT, TTFT

_NEAR = 1.5  # a smaller ratio is said as a percentage


class MetricWords(NamedTuple):
    """`does` follows a model's name. `best` is the superlative; `use` is when the metric matters."""

    does: str
    also: str  # as `does`, of a second model in the same sentence
    best: str
    use: str


_WORDS = {
    TTFT: MetricWords(
        "shows its first token after {x}",
        "after {x}",
        "shows its first token soonest",
        "people wait for the first word",
    ),
    DECODE: MetricWords("decodes {x}", "{x}", "decodes fastest", "answers are long"),
    OUTPUT: MetricWords("puts out {x}", "{x}", "puts out the most tokens", "many requests come at once"),
    PREFILL: MetricWords("reads prompts at {x}", "at {x}", "reads prompts fastest", "prompts are long"),
    TPOT: MetricWords("takes {x} per output token", "{x}", "takes the least time per output token", "answers are long"),
    E2E: MetricWords("takes {x} from request to last token", "{x}", "finishes first", "the whole answer counts"),
    "latency_ms": MetricWords("has a latency of {x}", "{x}", "has the lowest latency", "the whole answer counts"),
}
_COMPARED = {
    TTFT: ("shows its first token", "sooner than"),
    DECODE: ("decodes", "faster than"),
}


def words_of(measure: Measure) -> MetricWords:
    known = _WORDS.get(measure.metric)
    if known:
        return known
    best = f"has the {measure.best} {measure.words}"
    article = "an" if measure.words[0] in "aeiou" else "a"
    return MetricWords(f"has {article} {measure.words} of {{x}}", "{x}", best, f"{measure.words} counts most")


def does(measure: Measure, who: Part | Phrase, value: float) -> Phrase:
    """`m:7b shows its first token after 95 ms`."""
    return phrase(f"{{who}} {words_of(measure).does}", who=who, x=number(value, measure.unit))


def also(measure: Measure, who: Part, value: float) -> Phrase:
    """`m:7b after 363 ms`, behind the same of another model."""
    return phrase(f"{{who}} {words_of(measure).also}", who=who, x=number(value, measure.unit))


def behind(measure: Measure, best: float, worse: float) -> Phrase:
    """How far `worse` is from `best`: `3.8 times as long`, `12 % longer`, `40 % slower`, `a third as fast`."""
    if measure.unit == "ms":
        ratio = worse / best
        if ratio >= _NEAR:
            return phrase("{r} times as long", r=_times(ratio))
        return phrase("{d} longer", d=share(ratio - 1))
    if measure.unit in ("share", "score"):
        return phrase("{x} {side}", x=_apart(measure, best, worse), side="less" if worse < best else "more")
    return phrase("{d} slower", d=share(1 - worse / best))


def ahead(measure: Measure, best: float, worse: float) -> Phrase:
    """How far `best` is from `worse`: `3.8 times sooner`, `1.9 times as fast`, `12 % faster`."""
    if measure.unit in ("share", "score"):
        return phrase("{x} {side}", x=_apart(measure, best, worse), side="more" if best > worse else "less")
    ratio = max(best, worse) / min(best, worse)
    if ratio >= _NEAR:
        return phrase("{r} times as fast", r=_times(ratio))
    if measure.metric == TTFT:
        return phrase("{d} sooner", d=share(1 - 1 / ratio))
    return phrase("{d} faster", d=share(ratio - 1))


def faster(measure: Measure, ratio: float) -> Phrase:
    """What a model does better by that ratio, up to the other side: `decodes 12 % faster than`."""
    verb, than = _COMPARED.get(measure.metric, ("is", "faster than"))
    if ratio >= _NEAR and measure.metric != TTFT:
        return phrase(f"{verb} {{r}} times as fast as", r=_times(ratio))
    if ratio >= _NEAR:
        return phrase(f"{verb} {{r}} times {than}", r=_times(ratio))
    return phrase(f"{verb} {{d}} {than}", d=share(1 - 1 / ratio if measure.unit == "ms" else ratio - 1))


def _apart(measure: Measure, best: float, worse: float) -> Number:
    """A difference of scores; of shares in points, as a percentage would read as one of the other share."""
    if measure.unit == "share":
        points = round(abs(best - worse) * 100, 9)
        return Number(f"{reading(points, '')} points", points, "points")
    return number(abs(best - worse), measure.unit)


def _times(ratio: float) -> Number:
    return Number(times(ratio), ratio, "")
