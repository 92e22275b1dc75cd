"""Whether a note gives a figure of a sentence, of the same model, metric, state, statistic and level."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from chimera_dagster.align.figures import Figure, is_same
from chimera_dagster.align.gap import STATS, TIES, Gap, is_trend, listed, senses_of
from chimera_dagster.align.known import MEANS, Known, Statement
from chimera_dagster.align.reading import Bound, Clause, Reading

_ALWAYS = frozenset({"p95", "sd", "worst", "detectable", "delta"})  # statistics that may not be left out
_BOUNDS = {"least": "at least", "most": "at most"}
_MEASURED = ("ms", "tok/s")


class _Compared:
    """A figure of a clause beside an equal one of a statement."""

    def __init__(
        self, bound: Bound, other: Bound, clause: Clause, reading: Reading, statement: Statement, known: Known
    ) -> None:
        self.bound, self.other, self.clause = bound, other, clause
        self.reading, self.statement, self.known = reading, statement, known

    def gap(self) -> Gap | None:
        """The first slot in which they differ; None if the note's one may be meant."""
        kind = self.bound.kind
        if kind == "axis":
            checks = (self._limit, self._side)
        elif kind in ("count", ""):
            checks = (self._limit, self._counted)
        else:
            checks = (self._limit, self._denied, self._metric, self._model, self._state, self._statistic, self._level)
        return next((found for check in checks if (found := check())), None)

    def _limit(self) -> Gap | None:
        figure, kind = self.bound.figure, self.bound.kind
        if figure.bound not in _BOUNDS or figure.bound == self.other.figure.bound or kind in ("times", "%"):
            return None
        exact = kind == "axis" or figure.value == self.other.figure.value
        if not exact or _may_bound(self.bound, self.statement):
            return None
        return Gap("bound", f"the note does not say {_BOUNDS[figure.bound]} {self.bound.text}")

    def _side(self) -> Gap | None:
        """`From 2 on` is not `up to 2`."""
        shares = any(each.clause == self.bound.clause and each.kind in ("%", "times") for each in self.reading.figures)
        if self.bound.figure.bound == "over" and self.other.figure.bound == "most" and shares:
            return Gap("bound", f"the note says up to {self.bound.text}")
        return None

    def _counted(self) -> Gap | None:
        of = self.other.of
        if of is None:
            return None
        mine, note = self.bound.models, self.statement.note
        if _counts_of(self.bound, self.reading) and mine != self.other.models and not mine >= set(note.models):
            return Gap("model", f"{self.bound.text} is not of {listed(mine)} alone")
        if ("acts", "work") in self.clause.claims - of.claims and ("acts", "fail") in of.claims:
            return Gap("polarity", f"{self.bound.text} counts failures in the note")
        if of.states and self.clause.states - of.states:
            return Gap("state", f"{self.bound.text} counts other {self.bound.figure.unit}s in the note")
        return None

    def _denied(self) -> Gap | None:
        mine, its = self.bound.of, self.other.of
        if mine is None or its is None or not mine.negative or its.negative:
            return None
        free = self.bound.kind == "times" or self.bound.stat == "detectable" or bool(self.clause.claims & TIES)
        return None if free else Gap("polarity", f"it denies {self.bound.text}")

    def _metric(self) -> Gap | None:
        mine, its = set(self.bound.metrics), set(self.other.metrics)
        return (
            Gap("metric", f"{self.bound.text} is another metric in the note")
            if mine and its and not mine & its
            else None
        )

    def _model(self) -> Gap | None:
        mine, its = self.bound.models, self.other.models
        if not its or self.other.collective:
            return None
        if mine:
            alike = [each for each in self.reading.figures if each.models == mine and each.kind == self.bound.kind]
            if self.bound.collective and len(its) == 1 and len(alike) < len(mine) and self.bound.kind in _MEASURED:
                return Gap("model", f"{self.bound.text} is that of {listed(its)} alone")
            same = mine == its or (self.bound.collective and its <= mine)
            return None if same else Gap("model", f"{self.bound.text} is that of {listed(its)}, not of {listed(mine)}")
        several = len(self.statement.models) > 1 or self.known.has_beside(self.statement.note)
        ambiguous = len(self.known.models) > 1 and several and self.bound.kind in _MEASURED
        return Gap("model", f"it does not say whose {self.bound.text} that is") if ambiguous else None

    def _state(self) -> Gap | None:
        mine, its = self.bound.state, self.other.state
        if mine and its and mine != its:
            return Gap("state", f"{self.bound.text} is of {its} runs")
        if self.bound.kind != "ms" or self.other.stat == "delta" or "cold" not in (mine, its) or mine == its:
            return None
        return Gap("state", f"{self.bound.text} is {'not of cold runs' if mine else 'of cold runs only'}")

    def _statistic(self) -> Gap | None:
        mine, its = self.bound.stat, self.other.stat
        spread = (
            self.statement.note.kind == "scatter"
            and not mine
            and ("acts", "scatter") in {sense for each in self.reading.clauses for sense in each.claims | each.optional}
        )
        if mine != its and (mine in _ALWAYS or its in _ALWAYS) and self.bound.kind != "times" and not spread:
            return Gap("statistic", f"{self.bound.text} is {_of_stat(its)} in the note, not {_of_stat(mine)}")
        wrong_median = mine == "median" and its not in ("median", "usual")
        wrong_mean = mine == "mean" and self.statement.note.kind not in MEANS
        return Gap("statistic", f"{self.bound.text} is no {mine} in the note") if wrong_median or wrong_mean else None

    def _level(self) -> Gap | None:
        bound, other = self.bound, self.other
        if bound.kind in ("times", "%"):
            mine, its = _levels_beside(self.reading.figures, bound), _levels_beside(self.statement.figures, other)
            known = {each.value for each in self.statement.figures if each.kind == "axis"}
            if bound.kind == "times" and other.level is not None and mine and other.level not in mine:
                return Gap("level", f"{bound.text} is of {other.level:g} in the note")
            wrong = (mine - known or (set[float]() if mine & its else mine)) if its else set[float]()
            return Gap("level", f"{bound.text} is not of {min(wrong):g} in the note") if wrong else None
        if bound.level == other.level:
            return None
        trend = other.level is None or bound.elsewhere or any(is_trend(each) for each in self.reading.clauses)
        if bound.level is None and trend:
            return None
        return Gap("level", f"{bound.text} is measured elsewhere in the note")


def figure_gaps(clause: Clause, reading: Reading, statement: Statement, known: Known) -> Iterator[Gap]:
    """Figures of the clause that the statement does not give; ratios in front of a comparison are checked with it."""
    factors = {each.factor.place for each in reading.orders if each.factor is not None and each.clause == clause.number}
    if gap := _of_another_repeat(clause, reading, statement):
        yield gap
    if statement.note.kind == "failures" and (gap := _beside_file(clause, reading, statement)):
        yield gap
    for bound in reading.figures:
        if bound.clause == clause.number and bound.place not in factors:
            gap = _figure(bound, clause, reading, statement, known)
            if gap is not None:
                yield gap


def _of_another_repeat(clause: Clause, reading: Reading, statement: Statement) -> Gap | None:
    """How often to repeat is what the note advises, not how often it was done, and the other way round."""
    note = statement.note
    rests = ("acts", "rest_on") in senses_of(clause) and not clause.advises
    if rests and note.kind in ("repeat_runs", "few_runs") and statement.part in ("action", "mitigation"):
        return Gap("figure", "the note only advises that number")
    advised = {part.value for part in (*note.action, *note.mitigation) if part.kind == "figure"}
    acts = {key for _, key in clause.claims | clause.optional}
    if note.kind not in ("repeat_runs", "few_runs") or not advised or "matters_to_you" not in acts:
        return None
    counts = {
        each.value for each in reading.figures if each.clause == clause.number and each.kind in ("count", "times")
    }
    return Gap("figure", "the note advises another number") if counts and not counts & advised else None


def _counts_of(bound: Bound, reading: Reading) -> bool:
    """Whether it is the number of `270 runs of a`."""
    behind = reading.items[bound.place + 1 : bound.place + 5]
    places = [place for place, item in enumerate(behind) if item.text.lower() == "of" or item.stems[-1:] == ("of",)]
    return any(
        place + 1 < len(behind) and behind[place + 1].key == "model" and bool(behind[place + 1].names)
        for place in places[:1]
    ) and any(item.has("things", "run") or item.has("things", "request") for item in behind[:3])


def _beside_file(clause: Clause, reading: Reading, statement: Statement) -> Gap | None:
    """How many failures a file has is the figure that the note puts before its name."""
    counts = {each.value for each in reading.figures if each.clause == clause.number and each.kind in ("count", "")}
    known: set[float] = set()
    for wording in statement.note.wordings:
        for place, part in enumerate(wording):
            if part.kind == "file" and part.text in clause.names:
                known |= {
                    each.value for each in wording[:place][-2:] if each.kind == "figure" and each.value is not None
                }
    return Gap("figure", "the note counts others in that file") if known and counts and not counts & known else None


def _figure(bound: Bound, clause: Clause, reading: Reading, statement: Statement, known: Known) -> Gap | None:
    if _is_as(bound, reading):
        return Gap("words", "it compares with a word that no note uses")
    best: Gap | None = None
    for other in statement.figures:
        if _same_unit(bound, other, statement) and is_same(bound.figure, other.value, other.figure.value):
            gap = _Compared(bound, other, clause, reading, statement, known).gap()
            if gap is None:
                return None
            best = best or gap
    return best if best is not None else _missing(bound, reading, statement, known)


def _missing(bound: Bound, reading: Reading, statement: Statement, known: Known) -> Gap | None:
    """None if the figure follows from others, such as a ratio of two; else what the note gives instead."""
    follows = (
        (bound.kind == "%" and _is_share(bound.figure, statement))
        or (bound.kind in ("times", "%") and _is_change(bound, reading, statement))
        or (bound.kind in ("count", "") and _is_derived(bound.figure, statement, known))
    )
    if follows:
        return None
    said = f"{bound.text} {bound.figure.unit}s" if bound.kind == "count" else bound.text
    alike = [
        other
        for other in statement.figures
        if other.figure.unit == bound.figure.unit and (not bound.models or other.models == bound.models)
    ]
    given = list(dict.fromkeys(other.text for other in alike))[:2]
    return Gap(
        "figure", f"it says {said}; the note says {' and '.join(given)}" if given else f"the note does not say {said}"
    )


def _is_as(bound: Bound, reading: Reading) -> bool:
    """Whether `as` and a word that is no known comparison follow a ratio."""
    following = reading.items[bound.place + 1 : bound.place + 3]
    return bound.kind == "times" and bool(following) and following[0].text.lower() in ("as", "times as")


def _same_unit(bound: Bound, other: Bound, statement: Statement) -> bool:
    one, two = bound.figure.unit, other.figure.unit
    if one == two or (not one and other.kind in ("count", "axis")):
        return True
    if {one, two} == {"request", "at_once"}:
        return not any(each.figure.unit == "request" for each in statement.figures)
    if statement.note.kind == "repeat_runs" and one == "times":
        return False
    return statement.note.kind in ("repeat_runs", "few_runs") and {one, two} <= {"run", "times", ""}


def _is_change(bound: Bound, reading: Reading, statement: Statement) -> bool:
    """A ratio or a share that follows from two figures: those beside it, or the ends of a trend of the note."""
    said = [each for each in reading.figures if each.kind in ("ms", "tok/s")]
    pairs = [
        (one, two) for one, two in pairwise(said) if one.figure.unit == two.figure.unit and one.metrics == two.metrics
    ]
    if statement.note.kind in ("trend", "below_the_knee", "cold_start"):
        known = [each for each in statement.figures if each.kind in ("ms", "tok/s")]
        pairs += [
            (one, two)
            for one, two in pairwise(known)
            if one.figure.unit == two.figure.unit
            and one.models == two.models
            and (not bound.models or bound.models == one.models)
        ]
    for one, two in pairs:
        low, high = sorted((one.value, two.value))
        if low <= 0:
            continue
        values = [high / low] if bound.kind == "times" else [100 * (1 - low / high), 100 * (high / low - 1)]
        if any(is_same(bound.figure, value) for value in values):
            return True
    return False


def _is_share(figure: Figure, statement: Statement) -> bool:
    """A share of two counts that the note gives, such as half of 2 of 4."""
    counts = [other for other in statement.figures if other.kind in ("count", "")]
    return any(
        0 < one.value < other.value
        and is_same(figure, 100 * one.value / other.value)
        and one.figure.unit in (other.figure.unit, "")
        for one in counts
        for other in counts
    )


def _is_derived(figure: Figure, statement: Statement, known: Known) -> bool:
    """A count of what the note lists: its models, its parameters, its files."""
    counts = {
        "model": len(statement.models),
        "parameter": len([name for name in statement.settings if "=" not in name]),
        "setting": len([name for name in statement.settings if "=" not in name]),
        "file": statement.note.files,
        "run": statement.note.n if statement.part == "text" else 0,
    }
    if not figure.unit:
        return figure.value > 1 and figure.value in (counts["model"], counts["parameter"])
    if figure.unit == "model" and figure.value == len(known.models):
        return True
    return counts.get(figure.unit) == figure.value


def _may_bound(bound: Bound, statement: Statement) -> bool:
    """Whether the note means a bound though it does not say so: a p95 is `or more`, a knee is `up to`."""
    if bound.figure.bound == "least":
        return bound.kind == "ms" and statement.note.kind in ("tail", "tails")
    said = {key for kind, key in statement.claims if kind == "relations"}
    if bound.kind == "axis" and bound.value == max(
        (each.value for each in statement.figures if each.kind == "axis"), default=0
    ):
        return statement.note.kind == "trend" and statement.note.certainty == "tie"
    return bound.kind == "axis" and bool({"flat", "turn", "peak"} & said)


def _levels_beside(figures: Sequence[Bound], bound: Bound) -> set[float]:
    """The levels that the clause of the figure names."""
    return {each.value for each in figures if each.kind == "axis" and each.of is bound.of}


def _of_stat(stat: str) -> str:
    return f"the {STATS.get(stat, stat)}" if stat else "a plain value"
