"""Whether one sentence of a note says what a clause claims, and if not, in which respect it differs."""

from collections.abc import Iterator

from chimera_dagster.align.claim_check import claim_gaps
from chimera_dagster.align.direction_check import goes_wrong
from chimera_dagster.align.figure_check import figure_gaps
from chimera_dagster.align.gap import STATS, TIES, Gap, is_trend
from chimera_dagster.align.known import Known, Statement
from chimera_dagster.align.lexicon import role
from chimera_dagster.align.order_check import check_order
from chimera_dagster.align.reading import CLASSES, Clause, Reading

_AXES = frozenset({"load", "prompt_length", "answer_length"})
_FAR = 1.5  # what another model or metric weighs


def gaps(clause: Clause, reading: Reading, statement: Statement, known: Known) -> list[Gap]:
    """Everything in the clause that the statement does not say; empty if it entails the clause."""
    orders = [each for each in reading.orders if each.clause == clause.number]
    wrong = [check_order(order, clause, reading, statement, known) for order in orders]
    return [
        *([Gap("words", f'no note says "{clause.unknown[0]}"')] if clause.unknown else []),
        *_names(clause, statement),
        *figure_gaps(clause, reading, statement, known),
        *_metrics(clause, reading, statement),
        *(Gap("order", reason) for reason in wrong if reason is not None),
        *claim_gaps(clause, statement, {order.key for order in orders}),
        *goes_wrong(clause, reading, statement, known),
        *_things(clause, statement),
    ]


def _names(clause: Clause, statement: Statement) -> Iterator[Gap]:
    for name in sorted(clause.models - statement.models):
        yield Gap("model", f"the note is not about `{name}`", _FAR)
    for name in sorted(clause.settings - statement.settings):
        yield Gap("setting", f"the note is not about `{name}`")
    for name in sorted(clause.names - statement.names):
        yield Gap("name", f"the note does not name `{name}`")
    for state in sorted(clause.states - statement.states):
        yield Gap("state", f"it speaks of {state} runs, and the note does not")
    for stat in sorted(clause.stats - statement.stats):
        if not (stat == "usual" and "median" in statement.stats):
            yield Gap("statistic", f"the note gives no {STATS.get(stat, stat)}")


def _metrics(clause: Clause, reading: Reading, statement: Statement) -> Iterator[Gap]:
    for item in reading.items:
        if item.clause == clause.number and item.has("metrics"):
            keys = {metric for key in item.keys("metrics") for metric in CLASSES.get(key, (key,))}
            if not keys & statement.metrics and not set(item.keys("things")) & statement.things:
                yield Gap("metric", f"the note is not about {item.text}", _FAR)


def _things(clause: Clause, statement: Statement) -> Iterator[Gap]:
    for thing in sorted(clause.things - statement.things - role("free_things")):
        yield Gap("thing", f"the note says nothing about {_words(thing)}")
    if "answers_better" in clause.things and "larger_model" not in clause.things:
        yield Gap("thing", "the notes do not say which answers are better")
    if is_trend(clause) or clause.claims & TIES:
        for thing in sorted((clause.things & _AXES) - statement.things):
            yield Gap("axis", f"the note is not about {_words(thing)}")
    if statement.note.kind in role("missing_kinds"):
        for thing in sorted((clause.things & statement.things) - role("free_things")):
            signs = {other.negative for other in statement.clauses if thing in other.things}
            if not signs and statement.part == "text":
                signs = {True} if any(other.negative for other in statement.clauses) else {False}
            if signs and clause.negative not in signs:
                yield Gap("polarity", f"it turns round what the note says about {_words(thing)}")


def _words(thing: str) -> str:
    return thing.replace("_", " ")
