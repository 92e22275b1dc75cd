"""Which aggregate a figure is said to be: a mean, a median, the end of an interval, the best single run."""

import re

from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.lexicon import lexicon
from chimera_dagster.grounding.mention import Mention

_NAMES = {
    "interval": ("mean_low", "mean_high"),
    "median_interval": ("median_low", "median_high"),
    "range": ("min", "max"),
}


def aggregate_of(clause: Clause, mention: Mention, values: list[Mention], metric: str | None) -> str | None:  # noqa: PLR0911
    """What a figure is of the runs; None where no word says it."""
    words = clause.all_of("aggregate")
    singles = clause.all_of("single")
    if singles:
        word = next(iter(clause.all_of("superlative", "aggregate")), None)
        good = lexicon().metrics[metric].good if metric in lexicon().metrics else 1
        end = {"good_best": "max" if good > 0 else "min", "good_worst": "min" if good > 0 else "max"}
        end |= {"size_most": "max", "size_least": "min", "max": "max", "min": "min"}
        if word is not None and word.meaning in end:
            clause.use(word)
            return end[word.meaning]
        if word is None:
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
    before = [each for each in before if each.text.lower() != "between" or _is_range(clause, each, values)]
    if not before:
        return None
    word = before[-1]
    since = [each for each in values if word.end <= each.start < mention.start]
    if word.meaning in _NAMES:
        # the first figure after `interval` is its lower end, the next its upper one, and further ones are not of it
        return _NAMES[word.meaning][len(since)] if len(since) < 2 else None
    since_named = [each for each in clause.all_of("metric", "telemetry") if word.end <= each.start < mention.start]
    if since and since_named and since_named[-1].start > since[0].end:
        return None
    return word.meaning


def _is_range(clause: Clause, word: Mention, values: list[Mention]) -> bool:
    """Whether `between` has a figure right behind it, and not two models or two kinds of runs."""
    after = next((each for each in values if each.start >= word.end), None)
    return after is not None and not clause.between(word.end, after.start).strip()
