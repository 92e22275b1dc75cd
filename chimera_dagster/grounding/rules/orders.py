"""Orders: which of two models is ahead, which is first, and by how much."""

import re
from collections.abc import Iterator

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.lexicon import unit_factor
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.numbers import Number
from chimera_dagster.grounding.rules.terms import EVERY_METRIC, Within, options, scope_of, sides, sign_of
from chimera_dagster.grounding.tested import SURE, Order, order_of

_MAY = re.compile(r"\b(?:may|might|could|can|would)\b", re.IGNORECASE)
_RUNS = re.compile(r"\d+(?: of(?: the)? \d+)? (?:\w+ )?runs?\b[^.;]*\b(?:were|was|are|is)\b", re.IGNORECASE)
_AS_FAST = re.compile(
    r"\s*(?:as\s+)?(?P<how>fast|quick|slow|high|long|low|large|much|many|soon|good|late)\b", re.IGNORECASE
)
_OF_OTHER = re.compile(r"\s*(?:as\s+)?(?P<how>that of|the(?=\s+\d)|\w+(?=\s+as\b))", re.IGNORECASE)
_BY = re.compile(r"\bby\s+(?:about|around|roughly|some|nearly|almost|more than|at least|over|~)?\s*$", re.IGNORECASE)
_FAR = 60  # characters from a comparative to its figure
_LESS_IF_FAST = ("fast", "quick", "soon")


def order_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """Of each comparative, verb and superlative about models, and of each ratio between two of them."""
    for mention in clause.of("number"):
        if mention.number and (mention.meaning == "factor" or mention.number.unit in ("x", "points", "%")):
            yield from _ratio(clause, within, mention)
    for word in clause.of("comparative", "verb"):
        yield from _comparison(clause, within, word, None)
    for word in clause.of("superlative"):
        yield from _rank(clause, within, word)


def _ratio(clause: Clause, within: Within, mention: Mention) -> Iterator[Claim]:
    """`3.8 times as fast`, `31 % slower`, `19 points more`: the word right after the figure says of what."""
    by_it = _BY.search(clause.sentence.text[clause.start : mention.start])
    near = [
        each
        for each in clause.of("comparative", "verb")
        if 0 <= each.start - mention.end < 4 or (by_it and 0 <= mention.start - each.end < _FAR)
    ]
    if near:
        yield from _comparison(clause, within, near[0], mention)
        return
    how = _AS_FAST.match(clause.sentence.text[mention.end :])
    if how is None:
        how = _OF_OTHER.match(clause.sentence.text[mention.end :])
    if how is None:
        return
    word = how["how"].lower()
    side = "good_more" if word in (*_LESS_IF_FAST, "good") else "good_less" if word in ("slow",) else "size_more"
    said = Mention("comparative", mention.end + how.start("how"), mention.end + how.end(), how["how"], side)
    for each in clause.of("same"):
        if abs(each.start - mention.end) < 12:
            clause.use(each)
    yield from _comparison(clause, within, said, mention)


def _comparison(clause: Clause, within: Within, word: Mention, figure: Mention | None) -> Iterator[Claim]:
    subjects, others = sides(clause, word, within)
    everyone = bool(subjects) and not others
    if everyone:
        others = [name for name in within.folder.models if name not in subjects]
    if not subjects or not others:
        return
    clause.use(word, *([figure] if figure else []))
    before = clause.sentence.text[clause.start : word.start]
    if _MAY.search(clause.text) or _RUNS.search(before):
        yield unsupported("comparison", clause.text, "a possibility, or single runs, which are not compared here")
        return
    metrics = options(clause, within, word)
    if not metrics:
        yield unsupported("comparison", clause.text, f"no word says by which metric {subjects[0]} is '{word.text}'")
        return
    negation = clause.negation_before(word)
    clause.use(*([negation] if negation else []))
    significant = clause.of("significant")
    clause.use(*significant)
    claims: list[Claim] = []
    for metric in metrics:
        if metric not in within.folder.metrics:
            claims.append(unsupported("comparison", clause.text, f"no file measures {metric}"))
            continue
        scope = scope_of(clause, within, metric)
        for one in subjects:
            judged = [
                _judged(
                    clause,
                    order_of(within.folder, scope, one, two),
                    sign_of(word.meaning, metric),
                    figure,
                    negation is not None,
                    bool(significant),
                )
                for two in others
            ]
            if everyone and len({claim.verdict for claim in judged}) > 1:
                judged = [unsupported("comparison", clause.text, f"'{word.text}' than which model is not said")]
            if figure is not None and any(claim.verdict == "supported" for claim in judged):
                judged = [claim for claim in judged if claim.verdict == "supported"]
            claims += judged
    if len(metrics) > 1 and len({claim.verdict for claim in claims}) > 1 and not EVERY_METRIC.search(clause.text):
        yield unsupported("comparison", clause.text, f"it may be of {' or '.join(metrics)}, which differ")
        return
    yield from claims


def _judged(
    clause: Clause, order: Order | None, sign: int, figure: Mention | None, negated: bool, significant: bool
) -> Claim:
    if order is None:
        return unsupported("comparison", clause.text, "the two were not measured under equal settings")
    if order.certainty is Certainty.TIE:
        verdict = supported if negated else contradicted
        return verdict(
            "comparison", clause.text, *((order.says,) if negated else ("no test tells the two apart", order.says))
        )
    if (order.sign == sign) == negated:
        return contradicted("comparison", clause.text, "the folder says the opposite", order.says)
    if significant and order.certainty not in SURE:
        return unsupported("significance", clause.text, "no test is behind it", order.says)
    if figure is not None and figure.number is not None and not _is_size(figure.number, order):
        return contradicted(
            "comparison", clause.text, f"the ratio is {max(order.ratio, 1 / order.ratio):.3g}", order.says
        )
    return supported("comparison", clause.text, order.says)


def _is_size(number: Number, order: Order) -> bool:
    if number.unit == "points":
        return order.unit in ("share", "%") and number.fits(order.gap * (100 if order.unit == "share" else 1))
    if number.unit == order.unit:
        return number.fits(order.gap / unit_factor(order.unit, number.spelled))
    return by(number, order.ratio)


def by(number: Number, ratio: float) -> bool:
    """Whether a figure is the size of a difference, in any way of writing it."""
    big = max(ratio, 1 / ratio) if ratio > 0 else 0.0
    if not big:
        return False
    if number.unit == "%":
        return number.fits(100 * (big - 1)) or number.fits(100 * (1 - 1 / big))
    return number.fits(big) if number.value >= 1 else number.fits(1 / big)


def _rank(clause: Clause, within: Within, word: Mention) -> Iterator[Claim]:
    """A model said to be first, second or last by a metric."""
    subjects, _ = sides(clause, word, within)
    if not subjects:
        return
    metrics = options(clause, within, word)
    if word.text.lower() in ("most", "least") and not clause.all_of("metric"):
        return
    if re.match(
        r"\s+(?:of (?:them|these|its runs)|one|runs?|answers?|\d+ %|decoded|showed|took|came)\b",
        clause.sentence.text[word.end :],
    ):
        clause.use(word)
        return
    if clause.all_of("single") or any(each.meaning in ("max", "min") for each in clause.all_of("aggregate")):
        return
    clause.use(word)
    if not metrics:
        yield unsupported("rank", clause.text, f"no word says by which metric {subjects[0]} is '{word.text}'")
        return
    place = int(word.values[0]) if word.values else 1
    for metric in metrics:
        scope, sign = scope_of(clause, within, metric), sign_of(word.meaning, metric)
        rest = [name for name in within.folder.models if name != subjects[0]]
        orders = [order for name in rest if (order := order_of(within.folder, scope, subjects[0], name)) is not None]
        if not orders:
            yield unsupported("rank", clause.text, f"{metric} of the models was not measured under equal settings")
            continue
        says = "; ".join(order.says for order in orders)
        ahead = sum(order.sign != sign for order in orders)
        tied = any(order.certainty is Certainty.TIE for order in orders)
        negated = clause.negation_before(word) is not None
        if tied and not negated:
            yield contradicted("rank", clause.text, "no test tells it from the next", says)
        elif (ahead + 1 == place) != negated:
            yield supported("rank", clause.text, says)
        else:
            yield contradicted("rank", clause.text, f"{subjects[0]} is number {ahead + 1}", says)
