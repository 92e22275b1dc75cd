"""Whether a rise fits its own figures, a level stays as the note says, and a load or a model is advised by it."""

from chimera_dagster.align.gap import TIES, Gap, listed, senses_of
from chimera_dagster.align.known import Known, Statement
from chimera_dagster.align.reading import SIGNS, Bound, Clause, Reading

_MEASURED = ("ms", "tok/s")
_CHANGES = frozenset({"up", "down", "worsens", "improves"})
_FIRST_QUESTIONS = ("ttft_ms", "decode_tok_s", "output_tok_s")
_PEAK = ("relations", "peak")
_FLAT, _TIE = ("relations", "flat"), ("relations", "tie")


def goes_wrong(clause: Clause, reading: Reading, statement: Statement, known: Known) -> list[Gap]:
    found: list[Gap] = []
    if clause.loads and not clause.loads & known.advised_loads(statement.note.id):
        found.append(Gap("advice", "no note advises that load"))
    if _FLAT in clause.claims | clause.optional and not _stays(clause, reading, statement):
        found.append(Gap("relation", "no note says that it stays the same there"))
    if not _peaks(clause, reading, statement):
        found.append(Gap("direction", "it is higher at another level"))
    if _against_levels(clause, reading, statement):
        found.append(Gap("direction", "from one level to the other it does not go that way"))
    return [*found, *_chosen(clause, statement, known)]


def turned_round(clause: Clause, reading: Reading) -> list[Gap]:
    """A rise or a fall between two figures that do not rise or fall, whatever the notes say."""
    for place, item in enumerate(reading.items):
        if item.clause != clause.number or item.kind != "phrase" or item.has("bound"):
            continue
        up, down = item.has("relations", "up"), item.has("relations", "down")
        pair = _ends(clause, reading, place) if up or down else None
        if pair is not None and (pair[1].value - pair[0].value) * (1 if up else -1) < 0:
            return [Gap("direction", f"from {pair[0].text} to {pair[1].text} it does not go that way")]
    return []


def _ends(clause: Clause, reading: Reading, place: int) -> tuple[Bound, Bound] | None:
    """The two figures of one model and metric between which a word of change says that it goes."""
    measured = [each for each in reading.figures if each.kind in _MEASURED]
    after = [each for each in measured if each.place > place and each.clause == clause.number]
    before = [each for each in measured if each.place < place]
    pair = after[:2] if len(after) > 1 else [*before[-1:], *after]
    if len(pair) < 2:
        return None
    one, two = pair
    if (one.figure.unit, one.models, one.metrics) != (two.figure.unit, two.models, two.metrics):
        return None
    words = [reading.items[each.place - 1].text.lower() for each in pair]
    return (two, one) if words == ["to", "from"] else (one, two)


def _stays(clause: Clause, reading: Reading, statement: Statement) -> bool:
    """Whether the note says that something stays, up to the same level."""
    axes = [each for each in reading.figures if each.kind == "axis" and each.clause == clause.number]
    levels = {each.value for each in axes if each.figure.bound == "most"}
    if not levels and _FLAT not in clause.claims:
        return True
    known = {each.value for each in statement.figures if each.kind == "axis" and each.figure.bound == "most"}
    if levels:
        return levels <= known or not known
    measured = any(
        each.kind in ("%", "times", "ms", "tok/s") and each.clause == clause.number for each in reading.figures
    )
    return measured or bool(axes) or ("relations", "turn") in statement.claims


def _peaks(clause: Clause, reading: Reading, statement: Statement) -> bool:
    """Whether the levels that the clause names have the highest of the note's values, if it speaks of a peak."""
    levels = {each.value for each in reading.figures if each.kind == "axis" and each.clause == clause.number}
    if not levels or not senses_of(clause) & {_PEAK, ("acts", "highest_of")} or clause.negative:
        return True
    known = [each for each in statement.figures if each.kind in _MEASURED]
    if clause.models:
        known = [each for each in known if each.models <= clause.models]
    if clause.metrics:
        known = [each for each in known if set(each.metrics) & clause.metrics]
    here = [each for each in known if each.level in levels]
    return all(
        any(mine.value >= other.value for mine in here if (mine.models, mine.metrics) == (other.models, other.metrics))
        for other in known
        if any((mine.models, mine.metrics) == (other.models, other.metrics) for mine in here)
    )


def _against_levels(clause: Clause, reading: Reading, statement: Statement) -> bool:
    """Whether the note's values at the levels that the clause names go the other way."""
    keys = {key for kind, key in senses_of(clause) if kind == "relations"} & _CHANGES
    if len(keys) != 1:
        return False
    [key] = keys
    levels = sorted({each.value for each in reading.figures if each.kind == "axis" and each.clause == clause.number})
    known = [each for each in statement.figures if each.kind in _MEASURED]
    known = [each for each in known if not clause.models or each.models <= clause.models]
    known = [each for each in known if not clause.metrics or set(each.metrics) & clause.metrics]
    measured = any(each.kind in _MEASURED and each.clause == clause.number for each in reading.figures)
    if not levels or not (clause.metrics or measured):  # it is the load itself that grows
        return False
    over = any(
        each.kind == "axis" and each.clause == clause.number and each.figure.bound == "over" for each in reading.figures
    )
    first: float | None = levels[0]
    if len(levels) == 1 and over:
        levels.append(max((each.level for each in known if each.level is not None), default=levels[0]))
    elif len(levels) == 1:
        first = max((each.level for each in known if each.level is not None and each.level < levels[0]), default=None)
    pairs = [
        (one, two)
        for one in known
        for two in known
        if (one.level, two.level) == (first, levels[-1]) and (one.models, one.metrics) == (two.models, two.metrics)
    ]
    return any((two.value - one.value) * _sign(key, two) < 0 for one, two in pairs)


def _sign(key: str, bound: Bound) -> int:
    """1 if the word says that the figure grows."""
    if key in ("up", "down"):
        return 1 if key == "up" else -1
    good = -SIGNS.get(bound.metrics[0], -1) if bound.metrics else 1
    return good if key == "improves" else -good


def _by_level(clause: Clause) -> bool:
    """Whether it speaks of loads or lengths, and not of models."""
    return (
        bool(clause.things & {"load", "prompt_length", "answer_length", "parameter", "effect", "chance"})
        or clause.has_axis
    )


def _chosen(clause: Clause, statement: Statement, known: Known) -> list[Gap]:
    """Whoever is chosen for a use must be the best by its metric, and what will do either way must be tied."""
    uses = [key for kind, key in clause.claims if kind == "uses"]
    tied = bool(senses_of(clause) & TIES)
    compared = clause.metrics and _TIE in senses_of(clause) and not clause.negative and not clause.settings and not uses
    told = [each for each in known.orders if compared and each.metric in clause.metrics and each.certainty != "tie"]
    if told and not _by_level(clause):
        return [Gap("choice", f"the notes tell the models apart by {told[0].metric}")]
    chosen = frozenset(clause.models) if 0 < len(clause.models) < len(known.models) else frozenset[str]()
    found: list[Gap] = []
    if clause.is_second and len(clause.models) == 1:
        ranked = [each for each in known.orders if each.metric in clause.metrics and len(each.order) > 1]
        if any(each.order[1] not in clause.models for each in ranked):
            return [Gap("order", f"{listed(chosen)} is not second there")]
    for values in (each for metric in uses for each in known.orders if each.metric == metric):
        best = frozenset({*values.order[:1], *values.tied})
        if tied and values.certainty != "tie":
            found.append(Gap("choice", f"the notes tell the models apart by {values.metric}"))
        elif chosen and not tied and not clause.negative and (values.certainty == "tie" or not chosen <= best):
            found.append(Gap("choice", f"the notes do not choose {listed(chosen)} for that"))
    chooses = any(kind == "choose" for kind, _ in senses_of(clause)) and statement.note.kind == "choice"
    if chosen and not uses and not clause.negative and chooses:
        first = {name for values in known.orders if values.metric in _FIRST_QUESTIONS for name in values.order[:1]}
        if not first <= chosen:
            found.append(Gap("choice", f"the notes do not choose {listed(chosen)} for everything"))
    return found
