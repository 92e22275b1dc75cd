"""Effects: whether a metric goes up or down with a parameter, a load or a length, or not at all, by the tests."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.rules.terms import Within, good_end, models_of, named_metrics
from chimera_dagster.grounding.tested import Effect, effects_of

_NO_EFFECT = ("unaffected", "insensitive", "independent of")
_THE = re.compile(r"\s*(?:the|a|an)?\s*")
_AS = re.compile(r"\b(?:as|when|if|once)\s+(?:the\s+)?$", re.IGNORECASE)
_IS = re.compile(r"\s*(?:is|gets|are|get)?\s*")


class Said(NamedTuple):
    """Which way a metric is said to go (`up`, `down`, `good`, `bad`; None: only that it changes).

    `flipped` is -1 if the parameter is said to fall, `denies` if no effect is claimed.
    """

    way: str | None
    flipped: int
    denies: bool


def direction_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """`grows with num_ctx`, `falls as concurrency rises`, and `no effect of temperature`."""
    names = list(dict.fromkeys(each.meaning for each in clause.all_of("parameter")))
    metrics = named_metrics(clause)
    if not names:
        return
    words = [each for each in clause.of("direction") if not _turns_level(clause, each)]
    effects = [each for each in clause.of("effect", "same") if each.text.lower() not in ("matter", "matters")]
    negations = clause.of("negation")
    if not words and not effects:
        return
    named = list(dict.fromkeys(each.meaning for each in metrics)) or list(filter(None, [clause.carry.metric]))
    if not named:
        clause.use(*words, *effects)
        yield unsupported("direction", clause.text, "no word says which metric changes")
        return
    turned = [each for each in clause.of("direction", "comparative") if _turns_level(clause, each)]
    flipped = -1 if any(_is_down(each) for each in turned) else 1
    clause.use(*words, *effects, *negations, *clause.of("significant"), *turned)
    denies = bool(negations) or any(each.kind == "same" or each.text.lower() in _NO_EFFECT for each in effects)
    said = Said(words[0].meaning if words else None, flipped, denies)
    for name in names:
        levels = _levels(clause, name)
        for metric in named:
            for model in models_of(clause, within) or within.folder.models:
                found = effects_of(within.folder, metric, model, name, within.files)
                if found:
                    yield _tested(clause, found[0], metric, said, levels)
                else:
                    yield unsupported("direction", clause.text, f"no test of {name} on {metric} of {model}")


def _levels(clause: Clause, name: str) -> list[float]:
    """The levels that the clause names, after the one that it goes on from."""
    own = [value for each in clause.all_of("parameter") if each.meaning == name for value in each.values]
    carried = [each.values[0] for each in clause.carry.levels if each.meaning == name and len(each.values) == 1]
    return [carried[-1], *own] if len(own) == 1 and carried and carried[-1] != own[0] else own


def _tested(clause: Clause, effect: Effect, metric: str, said: Said, levels: list[float]) -> Claim:  # noqa: PLR0911
    is_effect = effect.certainty is not Certainty.TIE
    if effect.certainty is Certainty.PLAIN:
        return unsupported("direction", clause.text, "no test is behind it", effect.says)
    if said.denies or said.way is None:
        if is_effect == said.denies:
            return contradicted("direction", clause.text, "the test says otherwise", effect.says)
        return supported("direction", clause.text, effect.says)
    if not is_effect:
        return contradicted("direction", clause.text, "no test finds such a change", effect.says)
    value = dict(zip(effect.levels, effect.values, strict=True))
    if len(levels) == 1:
        return unsupported("direction", clause.text, "from which level on is not said", effect.says)
    ends = levels if levels and {levels[0], levels[-1]} <= set(value) else effect.levels
    first, last = value[ends[0]], value[ends[-1]]
    up = {"up": 1, "down": -1, "good": good_end(metric), "bad": -good_end(metric)}[said.way] * said.flipped
    if (last - first) * up > 0:
        return supported("direction", clause.text, effect.says)
    return contradicted("direction", clause.text, "it goes the other way", effect.says)


def _is_down(word: Mention) -> bool:
    return word.meaning in ("down", "size_less")


def _turns_level(clause: Clause, word: Mention) -> bool:
    """Whether a word is of the parameter: `as num_ctx grows`, `with longer prompts`."""
    for each in clause.all_of("parameter"):
        if word.end <= each.start and _THE.fullmatch(clause.between(word.end, each.start)):
            return True
        before = clause.sentence.text[clause.start : each.start]
        if each.end <= word.start and _AS.search(before) and _IS.fullmatch(clause.between(each.end, word.start)):
            return True
    return False
