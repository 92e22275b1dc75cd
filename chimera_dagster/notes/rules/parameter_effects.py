"""Which parameters move the speed of a model, and which don't as far as these runs can show."""

from collections.abc import Iterator, Sequence

import numpy as np

from chimera_dagster.evidence.certainty import BLIND, Certainty
from chimera_dagster.evidence.difference_tests import holm
from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.findings.finding_context import joint_codes
from chimera_dagster.evidence.findings.parameters import ParameterEffect, ParameterTest
from chimera_dagster.evidence.measures import HEADLINES, LEVEL, Measure
from chimera_dagster.evidence.setups import value_words
from chimera_dagster.notes.context import Found, NoteContext
from chimera_dagster.notes.metric_words import faster
from chimera_dagster.notes.note import Note, Scope, Source
from chimera_dagster.notes.order_words import NOT_EVEN_TENFOLD, ratio_words, rest, sure
from chimera_dagster.notes.phrase import (
    Name,
    Part,
    Phrase,
    capital,
    count,
    listed,
    model,
    phrase,
    setting,
    subject,
)

_EFFECT, _NONE = 75.0, 55.0
_MOST = 8  # effects, the largest
_SHOWN = 4  # names of one sentence
_MOST_SOURCES = 100
_NEAR = 1.5  # smallest differences within that factor of each other are said as one

_SMALL = 0.1  # so are those below it

_Tests = list[Found[ParameterEffect]]


def parameter_effects(data: NoteContext) -> Iterator[Note]:
    """A note for each effect, and one for all parameters that moved nothing of the same models."""
    found = list(data.found("parameter_effects", ParameterEffect))
    effects = [each for each in found if each.about.found.certainty is not Certainty.TIE]
    effects.sort(key=lambda each: -abs(each.finding.effect or 0))
    yield from (_effect(each, _EFFECT - place / 10) for place, each in enumerate(effects[:_MOST]))
    groups = _alike([each for each in found if each.about.found.certainty is Certainty.TIE])
    groups.sort(key=lambda group: -len(group))
    yield from (_no_effect(group, _NONE - place / 10) for place, group in enumerate(groups))


def _effect(found: Found[ParameterEffect], weight: float) -> Note:
    test, certainty = found.about.test, found.about.found.certainty
    best, worst = _ends(found.about)
    told = _told(found.about, best, worst)
    caution = (
        phrase("The runs of each value followed one another, so a drift of the machine would look the same.")
        if certainty is Certainty.IN_SESSION and test.in_one_go
        else sure(certainty)
    )
    return Note(
        "parameter_effect",
        "performance",
        weight,
        _which_is_best(found.about, best, worst) if told else _not_which(test),
        _scope([test]),
        test.measure.metric,
        (_level(test, best).text, _level(test, worst).text) if told else (),
        certainty,
        sources=tuple(sources_of(test.rows)),
        findings=(found.id,),
        sure=caution,
    )


def _ends(about: ParameterEffect) -> tuple[int, int]:
    """The positions of the best and the worst level."""
    effects = about.test.measure.sign * about.found.fitted.effects
    return int(np.argmin(effects)), int(np.argmax(effects))


def _told(about: ParameterEffect, one: int, other: int) -> bool:
    """Whether these two levels differ; that not all are equal says less."""
    pairs = about.found.fitted.pairs()
    place = (pairs.first == min(one, other)) & (pairs.second == max(one, other))
    return float(holm(pairs.p)[place][0]) < LEVEL


def _which_is_best(about: ParameterEffect, best: int, worst: int) -> tuple[Phrase, ...]:
    test, effects = about.test, about.found.fitted.effects
    ratio = float(np.exp(abs(effects[best] - effects[worst])))
    parts: dict[str, Part | Phrase] = {
        "one": _level(test, best),
        "m": subject(test.model),
        "than": faster(test.measure, ratio),
        "other": _level(test, worst),
    }
    return (
        phrase("With {one}, {m} {than} with {other}, the other settings being equal.", **parts),
        phrase("The other settings being equal, {m} {than} with {other} if it runs with {one}.", **parts),
    )


def _not_which(test: ParameterTest) -> tuple[Phrase, ...]:
    words, name, who = test.measure.words, setting(test.parameter), subject(test.model)
    return (
        phrase(f"{{name}} moves the {words} of {{m}}, but not by enough to say which value is best.", name=name, m=who),
        phrase(f"the {words} of {{m}} depends on {{name}}, but no value is known to be best.", name=name, m=who),
    )


def _alike(found: _Tests) -> list[_Tests]:
    """Tests without an effect by the models and measures of their parameter; by one measure if models differ."""
    by_parameter: dict[str, _Tests] = {}
    for each in found:
        by_parameter.setdefault(each.about.test.parameter, []).append(each)
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], _Tests] = {}
    for tests in by_parameter.values():
        models, metrics = _models(tests), tuple(measure.metric for measure in _measures(tests))
        if len(models) * len(metrics) == len(tests):
            groups.setdefault((models, metrics), []).extend(tests)
            continue
        for metric in metrics:
            of_one = [each for each in tests if each.about.test.measure.metric == metric]
            groups.setdefault((_models(of_one), (metric,)), []).extend(of_one)
    return list(groups.values())


def _no_effect(found: _Tests, weight: float) -> Note:
    tests = [each.about.test for each in found]
    measures = _measures(found)
    sources: dict[Source, None] = dict.fromkeys(source for test in tests for source in sources_of(test.rows))
    return Note(
        "parameter_effect",
        "performance",
        weight,
        tuple(capital(each) for each in _moved_nothing(found)),
        _scope(tests),
        measures[0].metric if len(measures) == 1 else None,
        certainty=Certainty.TIE,
        sources=tuple(sources)[:_MOST_SOURCES],
        findings=tuple(each.id for each in found),
    )


def _moved_nothing(found: _Tests) -> tuple[Phrase, ...]:
    names = list(dict.fromkeys(each.about.test.parameter for each in found))
    words = [measure.words for measure in _measures(found)]
    models = _models(found)
    parts: dict[str, Part | Phrase] = {
        "names": listed([(setting(name),) for name in names]),
        "models": listed([*((model(name),) for name in models[:_SHOWN]), *rest(len(models) - _SHOWN, "other")]),
        "runs": count(_runs_of_a_setting(found), "run"),
        "least": _least(found),
    }
    moved = f"moved neither the {words[0]} nor the {words[1]}" if len(words) == 2 else f"did not move the {words[0]}"
    return (
        phrase(f"{{names}} {moved} of {{models}} by an amount that {{runs}} per setting can show{{least}}.", **parts),
        phrase(
            f"with {{runs}} per setting, no effect of {{names}} on the {' or the '.join(words)} of {{models}} can be "
            f"told from chance{{least}}.",
            **parts,
        ),
    )


def _least(found: _Tests) -> Phrase:
    known = sorted(least for each in found if (least := each.about.detectable) is not None)
    if not known:
        return ()
    low, high = known[0], known[-1]
    if low > BLIND:
        return phrase(NOT_EVEN_TENFOLD)
    if high > BLIND:
        return phrase("; at best a difference of {low} would have shown", low=ratio_words(low))
    if high <= max(low * _NEAR, _SMALL):
        return phrase("; a difference of {x} would have shown", x=ratio_words(high))
    return phrase(
        "; only differences of {low} to {high}, depending on the test, would have shown",
        low=ratio_words(low),
        high=ratio_words(high),
    )


def _runs_of_a_setting(found: _Tests) -> int:
    settings = (joint_codes(each.about.test.rows, ["file", "setting", "params"]) for each in found)
    return int(np.median(np.concatenate([np.bincount(codes) for codes in settings])))


def _scope(tests: Sequence[ParameterTest]) -> Scope:
    records = {source for test in tests for source in zip(test.rows["file"], test.rows["record"], strict=True)}
    models = tuple(sorted({test.model for test in tests}))
    return Scope(models, runs="warm", n=len(records), files=len({file for file, _ in records}))


def _models(found: _Tests) -> tuple[str, ...]:
    return tuple(sorted({each.about.test.model for each in found}))


def _measures(found: _Tests) -> list[Measure]:
    present = {each.about.test.measure for each in found}
    return [measure for measure in HEADLINES if measure in present]


def _level(test: ParameterTest, place: int) -> Name:
    return setting(f"{test.parameter}={value_words(test.levels[place])}")
