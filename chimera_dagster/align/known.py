"""What the notes of a folder state: each of their sentences, read as a model's sentence is, with the exact figures."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from chimera_dagster.align.claims import read
from chimera_dagster.align.kept_note import KeptNote, Parts
from chimera_dagster.align.lexicon import kind_words, role, senses_of
from chimera_dagster.align.names import Names
from chimera_dagster.align.own_words import OwnWords
from chimera_dagster.align.reading import UNITS, Bound, Clause, Content, Context, Sense
from chimera_dagster.align.scan import normal

_WEAKEST = ("tie", "plain", "in_session", "holds")
_KINDS = {"ms": "ms", "tok/s": "tok/s", "share": "%", "score": ""}


MEANS = frozenset({"difference", "tie", "condition_effect", "value"})  # whose values are means of runs


class Values(NamedTuple):
    """Of one metric: the models from best to worst with their exact values, those tied with the first, how sure."""

    note: str
    metric: str
    order: tuple[str, ...]
    values: dict[str, float]
    tied: frozenset[str]
    certainty: str


@dataclass(slots=True)
class Statement(Content):
    """One sentence of a note in all its wordings."""

    note: KeptNote
    part: str
    clauses: list[Clause] = field(default_factory=list)
    figures: list[Bound] = field(default_factory=list)
    claims: set[tuple[str, str]] = field(default_factory=set)
    denied: set[tuple[str, str]] = field(default_factory=set)
    advised: set[Sense] = field(default_factory=set)

    def add(self, other: "Statement") -> None:
        """Adds all that another one states."""
        self.clauses += other.clauses
        self.figures += other.figures
        self.claims |= other.claims
        self.denied |= other.denied
        self.add_content(other)


class Known:
    """The notes of one folder, ready to be compared with sentences."""

    def __init__(self, notes: Sequence[KeptNote]) -> None:
        self.notes = {note.id: note for note in notes}
        self.names = Names(notes)
        self.own_words = OwnWords(notes, self.names)
        self.models = self.names.models
        self._loads: dict[str, set[float]] = {}
        self.statements = [each for note in notes for each in self._statements(note)]
        self.orders = [found for note in notes if (found := self._values(note))]

    def advised_loads(self, note: str) -> set[float]:
        """The loads that a recommendation names in what it says to do."""
        if note not in self._loads:
            self._loads[note] = self._advised(note)
        return self._loads[note]

    def _advised(self, note: str) -> set[float]:
        return {
            bound.value
            for each in self.statements
            if each.note.id == note and each.part == "action"
            for bound in each.figures
            if bound.kind == "axis"
        }

    def has_beside(self, note: KeptNote) -> bool:
        """Whether another note says the same of another model."""
        return note.metric is not None and any(
            (other.kind, other.metric) == (note.kind, note.metric) and not set(other.models) & set(note.models)
            for other in self.notes.values()
        )

    def joined(self, metrics: AbstractSet[str]) -> Statement | None:
        """What the notes on several metrics state together; its note's id is theirs, joined by a plus."""
        found = [each for each in self.orders if each.metric in metrics]
        if len(found) < 2 or {each.metric for each in found} != metrics:
            return None
        ids = [each.note for each in found]
        parts = [each for each in self.statements if each.note.id in ids and each.part == "text"]
        certainty = min((each.certainty for each in found), key=_WEAKEST.index)
        note = parts[0].note.model_copy(update={"id": "+".join(ids), "metric": None, "certainty": certainty})
        whole = Statement(note, "text")
        for part in parts:
            whole.add(part)
        return whole

    def _statements(self, note: KeptNote) -> list[Statement]:
        found: list[Statement] = []
        advised: set[Sense] = set()
        for part, sentences in (
            ("text", note.wordings or (note.text,)),
            ("action", (note.action,)),
            ("reason", (note.reason,)),
            ("mitigation", (note.mitigation,)),
        ):
            if any(sentences):
                statement = Statement(note, part, models=set(note.models))
                for sentence in sentences:
                    self._add(statement, sentence)
                if part in ("action", "mitigation"):
                    free = role("either_way") | {"say", "compare"}
                    advised |= {(kind, key) for kind, key in statement.claims if kind == "acts" and key not in free}
                words = kind_words(note.kind)
                statement.claims.update(sense for key in words.says.split() for sense in senses_of(key))
                statement.denied.update(sense for key in words.denies.split() for sense in senses_of(key))
                if part in ("text", "mitigation"):
                    statement.things.update(words.things.split())
                statement.negative |= bool(words.denies)
                if any(bound.state == "warm" for bound in statement.figures):
                    statement.states.add("warm")
                statement.stats.update(key for kind, key in statement.claims if kind == "stats")
                if note.kind in MEANS or ("acts", "moves_mean") in statement.claims:
                    statement.stats.add("mean")
                _shapes(statement)
                found.append(statement)
        for each in found:
            each.advised = advised
        return found

    def _add(self, statement: Statement, parts: Parts) -> None:
        text, exact = _flat(parts)
        context = Context(
            self.models, subject=frozenset(statement.note.models) if len(statement.note.models) == 1 else frozenset()
        )
        if statement.note.metric:
            context.metrics = (statement.note.metric,)
        reading = read(text, self.names, context, exact)
        statement.clauses += reading.clauses
        statement.figures += reading.figures
        for clause in reading.clauses:
            every = clause.claims | clause.optional
            every |= {_sense(each) for kind, key in clause.claims if kind == "any" for each in key.split("|")}
            (statement.denied if clause.negative else statement.claims).update(every)
            statement.add_content(clause)
        if statement.note.runs == "warm":
            statement.states.add("warm")
        statement.settings |= {f"{name}={value}" for name, value in statement.note.conditions.items()} | set(
            statement.note.conditions
        )
        statement.names |= {str(value) for value in statement.note.conditions.values()}
        if statement.note.metric:
            statement.metrics.add(statement.note.metric)

    def _values(self, note: KeptNote) -> Values | None:
        """Of a difference between models; of a tie all are tied."""
        if note.metric is None or note.kind not in ("difference", "tie"):
            return None
        statement = next((each for each in self.statements if each.note.id == note.id and each.part == "text"), None)
        if statement is None:
            return None
        kind = _KINDS.get(UNITS.get(note.metric, ""), "")
        values = {
            name: bound.value
            for bound in statement.figures
            for name in bound.models
            if len(bound.models) == 1 and note.metric in bound.metrics and bound.kind == kind
        }
        if note.kind == "tie":
            return Values(note.id, note.metric, (), values, frozenset(note.models), "tie")
        return Values(note.id, note.metric, note.order, values, _tied(note), note.certainty or "plain")


def _tied(note: KeptNote) -> frozenset[str]:
    """Models that a difference names as not told from the first."""
    text = "".join(f"\x00{part.text}\x00" if part.kind == "model" else part.text for part in note.text)
    end = text.find("can't be told from it")
    if end < 0:
        return frozenset()
    start = max(text.rfind(";", 0, end), 0)
    return frozenset(part for part in text[start:end].split("\x00") if part in note.models)


def _flat(parts: Parts) -> tuple[str, dict[int, float]]:
    """The sentence as plain text, and the exact values of its figures in their base units by where they start."""
    text, exact = "", {}
    for part in parts:
        if part.kind == "figure" and part.value is not None:
            exact[len(text)] = part.value * (100 if part.unit == "share" else 1)
        text += part.text
    plain = normal(text)
    return plain, exact if plain == text else _moved(plain, text, exact)


def _moved(plain: str, text: str, exact: dict[int, float]) -> dict[int, float]:
    """The same figures where they start after a contraction was written out."""
    found: dict[int, float] = {}
    for start, value in exact.items():
        found[len(normal(text[:start] + "#")) - 1] = value
    return found


def _sense(joined: str) -> tuple[str, str]:
    kind, _, key = joined.partition(".")
    return kind, key


def _shapes(statement: Statement) -> None:
    """A peak is a rise and a fall, and a knee a rise that ends."""
    if (
        statement.note.kind not in ("trend", "parameter_effect", "condition_effect")
        or statement.note.certainty == "tie"
    ):
        return
    statement.claims.add(("acts", "affects"))
    statement.denied.discard(("acts", "affects"))
    said = {key for kind, key in statement.claims if kind == "relations"}
    more = {"up", "down", "turn"} if "peak" in said else {"peak", "turn"} if {"up", "turn"} <= said else set[str]()
    if len({bound.level for bound in statement.figures if bound.level is not None}) > 2:
        more |= {"peak", "up", "turn"} if statement.note.metric != "ttft_ms" else {"up", "turn"}
    if "flat" in said and statement.note.metric == "ttft_ms":
        more |= {"up", "turn"}
    statement.claims.update(("relations", key) for key in more)
