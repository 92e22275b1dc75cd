"""Whether a rise fits its own figures, a level stays as the note says, and a load or a model is advised by it."""

from chimera_dagster.align.gap import TIES, Gap, listed, senses_of
from chimera_dagster.align.known import Known, Statement
from chimera_dagster.align.reading import Bound, Clause, Reading

_MEASURED = ("ms", "tok/s")
_FIRST_QUESTIONS = ("ttft_ms", "decode_tok_s", "output_tok_s")
_FLAT = ("relations", "flat")


def goes_wrong(clause: Clause, reading: Reading, statement: Statement, known: Known) -> list[Gap]:
    found: list[Gap] = []
    if clause.loads and not clause.loads & known.advised_loads(statement.note.id):
        found.append(Gap("advice", "no note advises that load"))
    if _FLAT in clause.claims | clause.optional and not _stays(clause, reading, statement):
        found.append(Gap("relation", "no note says that it stays the same there"))
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
    compared = clause.metrics and tied and not clause.negative and not clause.settings and not uses
    told = [each for each in known.orders if compared and each.metric in clause.metrics and each.certainty != "tie"]
    if told and not _by_level(clause):
        return [Gap("choice", f"the notes tell the models apart by {told[0].metric}")]
    chosen = frozenset(clause.models) if 0 < len(clause.models) < len(known.models) else frozenset[str]()
    found: list[Gap] = []
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
